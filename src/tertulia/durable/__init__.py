"""Runs that survive: `life` begins or resumes one, `liveness` tells who is alive, `reaper` frees what the dead held.

`worker` takes runs out of the `queues`; `configuration` and `houses` make a house again from what is stored with a run;
`patient` waits for providers that are away.
"""
