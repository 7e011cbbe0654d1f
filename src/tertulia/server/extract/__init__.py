"""`POST /v1/extract`: what a schema asks for, out of an image or a document, with where each value is printed."""
