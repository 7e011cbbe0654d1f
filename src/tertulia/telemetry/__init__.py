"""What runs do, as OpenTelemetry sees it: spans and token metrics by the GenAI conventions.

Nothing here is loaded unless it is configured, and nothing else of Tertulia knows of it: it listens to events.
"""
