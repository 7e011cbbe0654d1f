"""The house behind the protocol that OpenAI's clients speak; needs the extra `serve`.

A question goes one way through these rooms, and imports point the same way:

    app -> reading -> visit -> runners -> (the house) -> pieces -> chat | responses/writer -> sse

`app` says who answers at which address. `reading` turns bytes into what is asked. A `visit` is one request, from its
turn (`limits`) to its `bill`; it has the question answered by one of the `runners`, in one of the `houses`, and takes
what happens there as `pieces` of reasoning and answer. `chat` and `responses` write them in their protocol, and `sse`
sends them. `idempotency` stands before all that: it answers a request that comes again. `takeover` stands after it: it
resumes what servers left behind that died.

`startup` makes a `service` of the settings, which is what all requests share, and `process` has it listen. `keys` lets
clients in, `problems` are what they are told when something goes wrong, `metrics` what whoever watches is told, and
`about` is what it says of itself. The types of `objects` are what clients are sent.
"""
