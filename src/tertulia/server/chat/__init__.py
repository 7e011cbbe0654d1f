"""Chat completions: `routes` is their address, `completion` one being written, and `choices` its several answers."""
