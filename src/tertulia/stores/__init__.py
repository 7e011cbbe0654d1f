"""Where runs are kept: `runs` adds, finds and follows them, `lives` says who works on which, `deleting` deletes them.

`journal` writes what a life of a run does as it happens; `served` keeps what a server's clients may ask for again;
`spending` what each owner spent in a day. All of it is SQL over a `database`: a file (`sqlite`), a server (`postgres`)
or this process's memory (`transient`), opened by `places`.
"""
