"""The page: asks, watches and looks back; needs the extra `serve`.

    routes -> pages -> (visiting, sending, showing) -> story, graph, markdown -> html, words

A page is one file of `pages`. It reads runs only through the store and its stream of events, of which `story` is the
fold that screens show. `visiting` lets people in, `sending` has questions asked as the API has. All that is sent is
made by `html`, where text is escaped unless it was made there.
"""
