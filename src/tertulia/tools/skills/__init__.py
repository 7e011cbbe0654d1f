"""A small library for programs in the sandbox, and the names that they may use without importing them.

It is written in the Python that every tier runs. A program that names one of its functions gets the source of that
file before its own, so no tier needs to know of it:

    library/   dates, logic, people, numbers, measures: plain functions, read by nobody but the sandbox
    inline.py  what a program uses of them, put before it
"""
