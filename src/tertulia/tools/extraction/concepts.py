"""What labels on paper mean, in English and Spanish, so that a field named `due_date` finds `Fecha de vencimiento`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from ..documents.words import fold

PHRASES = {
    "total": "amount due|total due|balance due|amount to pay|a pagar|importe total|total a pagar|total to pay|"
    "grand total|total factura|total general|order total|total amount|total con iva",
    "subtotal": "sub total|net amount|base imponible|importe neto|total neto|net total|suma parcial|total sin iva",
    "customer": "bill to|billed to|sold to|ship to|facturado a|facturar a|datos del cliente",
    "due date": "payment due|fecha de vencimiento|pay by|vencimiento|fecha limite de pago",
    "birth date": "date of birth|born on|fecha de nacimiento|fecha nac",
    "email": "e mail|correo electronico|email address|e mail address",
    "number": "n o|n º|n°",
    "unit": "p u",
    "name": "nombre y apellidos|first and last name|full name|nombre completo",
    "zip": "post code|postal code|zip code|codigo postal",
}
"""Concepts of phrases that mean something else than their words."""
WORDS = {
    "total": "total",
    "subtotal": "subtotal suma",
    "tax": "tax vat iva impuesto impuestos igic taxes",
    "date": "date fecha dia day",
    "due": "due vencimiento vence expiry expires caduca",
    "issue": "issue issued emision emitido emitida",
    "birth": "birth born nacimiento nacido nacida",
    "delivery": "delivery delivered entrega shipping envio arrival llegada",
    "order": "order pedido orden",
    "invoice": "invoice factura bill",
    "receipt": "receipt ticket recibo tique",
    "number": "number no num numero nº n° nr id code codigo ref reference referencia #",
    "customer": "customer client cliente buyer comprador",
    "vendor": "vendor seller supplier merchant store shop company issuer business vendedor proveedor comercio empresa "
    "tienda emisor establecimiento",
    "name": "name nombre names nombres",
    "surname": "surname apellido apellidos",
    "description": "description descripcion concept concepto item items articulo articulos product producto productos "
    "service servicio servicios detalle details detail name",
    "quantity": "quantity qty cantidad cant units uds unidades unid pcs pieces",
    "price": "price precio rate tarifa cost coste p.v.p pvp",
    "unit": "unit unitario unitaria each ud unidad",
    "amount": "amount importe value valor monto total price",
    "value": "value valor amount",
    "label": "label name",
    "phone": "phone telephone tel telefono movil mobile tlf tfno",
    "email": "email mail correo",
    "address": "address direccion domicilio street calle",
    "city": "city town ciudad poblacion localidad municipio",
    "country": "country pais",
    "population": "population poblacion habitantes inhabitants",
    "area": "area superficie",
    "school": "schools school escuelas escuela colegios",
    "member": "member membership socio socia miembro afiliado",
    "status": "status state estado situacion",
    "payment": "payment pago pay pagado paid",
    "cash": "cash efectivo",
    "card": "card tarjeta",
    "change": "change cambio",
    "discount": "discount descuento dto",
    "currency": "currency moneda divisa",
    "title": "title titulo heading",
    "served": "served atendio cajero cashier",
    "zip": "zip postcode cp postal",
    "province": "province provincia region state",
    "time": "time hora",
    "year": "year ano",
    "month": "month mes",
    "weight": "weight peso",
    "age": "age edad",
    "full": "full completo complete",
    "sale": "sales sale venta ventas",
    "account": "account cuenta iban",
}
"""Words of each concept; a word may belong to several."""
NEUTRAL = frozenset(
    [
        "issue",
        "full",
        "surname",
        "sale",
        "order",
        "invoice",
        "receipt",
        "unit",
        "payment",
        "number",
        "amount",
        "date",
        "total",
    ]
)
"""Concepts that a label may have over and above what the field says."""
OPTIONAL = {
    "date": {"date"},
    "number": {"amount", "value", "unit", "number"},
    "integer": {"amount", "value", "number"},
    "text": {"number", "name", "text"},
}
"""Concepts that the field's type says already, so that a label need not."""
LITTLE = frozenset(
    [
        "of",
        "the",
        "de",
        "del",
        "la",
        "el",
        "los",
        "las",
        "y",
        "and",
        "a",
        "an",
        "on",
        "en",
        "to",
        "for",
        "por",
        "para",
        "your",
        "su",
        "tu",
        "no.",
    ]
)
SUMS = frozenset(["total", "subtotal", "tax", "discount", "cash", "card", "change", "payment"])
"""Concepts of rows below a list."""
TOTALS = frozenset(["total", "subtotal", "tax"])


@cache
def _index() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for concept, words in WORDS.items():
        for word in words.split():
            found.setdefault(fold(word), set()).add(concept)
    return {word: frozenset(concepts) for word, concepts in found.items()}


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    pairs = [(phrase, concept) for concept, phrases in PHRASES.items() for phrase in phrases.split("|")]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


@cache
def concepts(text: str) -> tuple[frozenset[str], ...]:
    """What each word that matters may mean; a word that is not known means itself."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    plain = re.sub(r"\([^)]*\)|\d+([.,]\d+)?\s*%|[%:*]", " ", fold(plain).replace("nº", "n º"))
    plain = " ".join(re.sub(r"[^\w#º°]+", " ", plain).replace("_", " ").split())
    for phrase, concept in _phrases():
        plain = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", f" ={concept.replace(' ', ' =')} ", plain)
    return tuple(_of_word(word) for word in plain.split() if word not in LITTLE)


@cache
def _of_word(word: str) -> frozenset[str]:
    if word.startswith("="):
        return frozenset([word[1:]])
    if known := _index().get(word) or _index().get(word.rstrip("s")):
        return known
    if len(word) >= 5:  # what recognition misread
        near = max(_index(), key=lambda one: _likeness(one, word))
        if _likeness(near, word) >= 84 and abs(len(near) - len(word)) <= 1:
            return _index()[near]
    return frozenset([word])


@cache
def is_known(text: str) -> bool:
    """Whether a text consists of words that labels are made of, and of nothing else."""
    found = concepts(text)
    return bool(found) and all(any(one in WORDS for one in meant) for meant in found)


@cache
def likeness(printed: str, wanted: str, kind: str) -> float:
    """How well a label fits the name of a field, 0 to 1."""
    there, needed = concepts(printed), concepts(wanted)
    if not there or not needed or len(there) > 5:
        return 0.0
    optional = OPTIONAL.get(kind, set())
    score, used, met = 1.0, set[int](), 0
    for meant in needed:
        at = next((n for n, other in enumerate(there) if n not in used and _same(meant, other)), None)
        if at is not None:
            used.add(at)
            met += 1
        else:
            score -= 0.08 if meant & optional else 0.45
    extra = [meant for n, meant in enumerate(there) if n not in used]
    if not met and not (needed[0] & optional and extra):
        return 0.0
    score -= sum(0.06 if meant & NEUTRAL else 0.3 for meant in extra)
    return max(0.0, score) if met else 0.0


def _same(one: Iterable[str], other: Iterable[str]) -> bool:
    return any(a == b or (len(a) >= 5 and _likeness(a, b) >= 88) for a in one for b in other)


def _likeness(one: str, other: str) -> float:
    """How alike two words are, letter by letter, 0 to 100."""
    from rapidfuzz import fuzz  # of an extra, which only those who extract need

    return fuzz.ratio(one, other)
