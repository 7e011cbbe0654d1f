"""What servers of the zoo say of themselves and their models, as the real ones do."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]


def of(name: str, method: str, path: str, body: JSON) -> Any:
    """The answer to a question about a server or its models; None if it does not know it."""
    match name, method, path:
        case "ollama" | "ollama-plain", "POST", "/api/show":
            thinks = ["thinking"] if name == "ollama" else []
            return {
                "capabilities": ["completion", "tools", *thinks],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40_960},
            }
        case "llamacpp" | "llamacpp-tree", "GET", "/props":
            return {
                "default_generation_settings": {"n_ctx": 32_768},
                "chat_template_caps": {"supports_reasoning_effort": False},
                "chat_template": "{% if enable_thinking is false %}<think></think>{% endif %}",
                "modalities": {"vision": False, "audio": False},
            }
        case "llamacpp" | "llamacpp-tree", "POST", "/apply-template":
            off = (body.get("chat_template_kwargs") or {}).get("enable_thinking") is False
            return {"prompt": "<|im_start|>assistant\n" + ("<think>\n\n</think>\n\n" if off else "")}
        case "lmstudio", "GET", "/api/v1/models":
            loaded = [{"id": "lmstudio", "config": {"context_length": 8192}}]
            vision = {"vision": True, "trained_for_tool_use": True}
            model = {"key": "lmstudio", "max_context_length": 32_768, "capabilities": vision}
            return {"models": [{**model, "loaded_instances": loaded}]}
        case "router", "GET", "/v1/models":
            reasoning = {
                "mandatory": True,
                "default_enabled": True,
                "supported_efforts": ["minimal", "low", "medium", "high", "xhigh"],
                "supports_max_tokens": False,
            }
            return {
                "data": [
                    {
                        "id": "router",
                        "context_length": 200_000,
                        "architecture": {"input_modalities": ["text", "image"]},
                        "supported_parameters": ["reasoning", "tools", "structured_outputs", "max_tokens"],
                        "top_provider": {"max_completion_tokens": 64_000},
                        "reasoning": reasoning,
                    }
                ]
            }
        case "noparser" | "drawer" | "vllm", "GET", "/v1/models":
            return {"data": [{"id": name, "owned_by": "vllm", "max_model_len": 32_768}]}
        case "noparser", "POST", "/tokenize":
            return {"count": 4, "tokens": [1, 2, 3, 4], "token_strs": ["<|im_start|>", "assistant", "\n", "<think>"]}
        case "drawer" | "vllm", "POST", "/tokenize":
            return {"count": 3, "tokens": [1, 2, 3], "token_strs": ["<|im_start|>", "assistant", "\n"]}
        case "sglang", "GET", "/v1/models":
            return {"data": [{"id": "sglang", "owned_by": "sglang", "max_model_len": 16_384}]}
        case "ollama" | "ollama-plain", "GET", "/v1/models":
            return {"data": [{"id": name, "owned_by": "library"}]}
        case "llamacpp" | "llamacpp-tree", "GET", "/v1/models":
            return {"data": [{"id": name, "owned_by": "llamacpp"}]}
        case "lmstudio", "GET", "/v1/models":
            return {"data": [{"id": name, "owned_by": "organization_owner"}]}
        case _, "GET", "/v1/models":
            return {"data": [{"id": name, "object": "model"}]}
    return None
