"""The same request under the same `Idempotency-Key` is answered once: `once` finds its reply or begins it, `recording`
is one being made, for all who ask for it, and `replies` are those that are complete."""
