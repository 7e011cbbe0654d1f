"""What tokens cost, by the prices that genai-prices carries."""

from __future__ import annotations

from ..usage import Usage


def price(vendor: str, model: str, usage: Usage) -> float | None:
    """US dollars that `usage` costs; None if the price of the model is not known."""
    import genai_prices  # takes half a second

    tokens = genai_prices.Usage(
        input_tokens=usage.read, output_tokens=usage.written, cache_read_tokens=min(usage.cached, usage.read)
    )
    try:
        return float(genai_prices.calc_price(tokens, model, provider_id=vendor).total_price)
    except LookupError:
        return None
