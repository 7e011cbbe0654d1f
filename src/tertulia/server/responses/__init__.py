"""The Responses API: `routes` are its addresses; `answering` is one response at once or streamed, `background` one that
outlives its server, and `replay` tells that from its stored run. `writer` writes the object and its events, `archive`
keeps it, as `kept` has it."""
