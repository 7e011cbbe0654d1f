"""The house behind the protocol that OpenAI's clients speak; needs the extra `serve`."""
