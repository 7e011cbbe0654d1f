"""Names of OpenTelemetry's GenAI conventions, which still move, in the one place where they are written.

Source: semantic conventions 1.41; names that begin with `tertulia` are our own.
"""

from __future__ import annotations

OPERATION = "gen_ai.operation.name"
WORKFLOW, AGENT_RUN, CHAT, TOOL_RUN = "invoke_workflow", "invoke_agent", "chat", "execute_tool"
"""Operations, which also begin the names of spans."""

PROVIDER = "gen_ai.provider.name"
PROVIDERS = {"google": "gcp.gemini", "mistral": "mistral_ai", "xai": "x_ai"}
"""Providers that the conventions call otherwise than we do."""

WORKFLOW_NAME = "gen_ai.workflow.name"
AGENT_NAME = "gen_ai.agent.name"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"
ERROR = "error.type"

TOKEN_USAGE = "gen_ai.client.token.usage"
TOKEN_TYPE = "gen_ai.token.type"
DURATION = "gen_ai.client.operation.duration"
TOKEN_BUCKETS = [4**power for power in range(14)]
SECONDS_BUCKETS = [0.01 * 2**power for power in range(14)]

PLACE = "tertulia.place"
"""Where in the work: `t1/calculator`."""
KEY = "tertulia.call.key"
ATTEMPT = "tertulia.call.attempt"
STATUS = "tertulia.call.status"
EXACT = "tertulia.usage.exact"
COST = "tertulia.cost.usd"
CALLS = "tertulia.calls"
INPUT, OUTPUT, REASONING = "tertulia.tokens.input", "tertulia.tokens.output", "tertulia.tokens.reasoning"
STOPPED = "tertulia.stopped"
SANDBOX = "sandbox"
"""Name of the tool that runs programs."""
