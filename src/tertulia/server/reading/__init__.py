"""A request, from its bytes to what it asks for; nothing here knows the service.

`body` reads bytes within limits, and `client` notices when who sent them has left; `shapes` are the parts of requests;
`chat_request` and `response_request` turn each protocol into an `Asking` (`asking`); `messages` makes a question of a
conversation; `images` are those inside the request, and `fetching` gets those named by their address.
"""
