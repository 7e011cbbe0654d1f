"""Where strategies are measured: cases, how answers are read, runs, statistics, report and plots.

`measure` runs cases through strategies and keeps each run as a line of a file. Cases come from `cases` and `suites`,
in three `sets` that `overlap` keeps apart. `checkers` says whether an answer is right, by way of `reading` (what stands
in it) and `parts` (questions of several). `compare` gives intervals and paired tests; `report` and `plots` show them,
`failures` lists what was wrong. `reuse` buys no reply twice.
"""
