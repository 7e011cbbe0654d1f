"""Runs that survive: carried by a process, taken over when it dies, shared among many."""
