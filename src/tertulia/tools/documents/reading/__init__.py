"""Files become text: `files` finds them, `child` has each one read by a process of its own, in which `host` checks it
(`formats`), parses it (`parsers`, `html`) and takes out what nobody would see (`hidden_office`, `hidden_pdf`).
"""
