"""All that is said about a run, in English and in Spanish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..events import Decision

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True)
class Phrase:
    """The same words in each language, with the same `{places}` for what is said of one event."""

    en: str
    es: str

    def say(self, language: Language, **values: object) -> str:
        words: str = getattr(self, language)
        return words.format(**values)


def decimal(number: float, language: Language) -> str:
    """A number with one decimal, after the mark that the language has for it."""
    return f"{number:.1f}".replace(".", "," if language == "es" else ".")


def whole(number: int, language: Language, exact: bool = True) -> str:
    """A whole number with its thousands apart, in Spanish from five digits on; marked if it is only an estimate."""
    digits = str(number) if language == "es" and number < 10_000 else f"{number:,}"
    return ("" if exact else "≈") + digits.replace(",", "\u202f" if language == "es" else ",")


DECISIONS: dict[Decision, Phrase] = {
    "direct": Phrase("direct", "respuesta directa"),
    "think": Phrase("think first", "pensar antes de responder"),
    "compute": Phrase("compute", "calcular con un programa"),
    "vote": Phrase("vote", "votar entre varias respuestas"),
    "refine": Phrase("refine", "redactar, comprobar y corregir"),
    "synthesize": Phrase("synthesize", "reunir varios borradores en uno"),
    "rag": Phrase("rag", "consultar los documentos"),
    "plan": Phrase("plan", "hacer un plan"),
    "replan": Phrase("replan", "volver a planificar lo que falta"),
    "restate": Phrase("the question in full", "la pregunta completa"),
    "majority": Phrase("answer of the majority", "respuesta de la mayoría"),
    "mend": Phrase("mend the answer", "corregir la respuesta"),
    "level": Phrase("level {number}", "nivel {number}"),
    "round": Phrase("round {number}", "ronda {number}"),
    "other": Phrase("decision", "decisión"),
}

PLAN = Phrase("plan", "plan")
NEEDS = Phrase("needs {tasks}", "necesita {tasks}")
STARTED = Phrase("started", "empieza")
RAN = Phrase("ran a program", "ejecutó un programa")
RAN_THIS = Phrase("ran", "ejecutó")
"""Before the program itself."""
IT_FAILED = Phrase("It failed", "Falló")
RAN_AND_FAILED = Phrase("ran a program that failed", "ejecutó un programa que falló")
USED = Phrase("used {tool}", "usó {tool}")
FOUND = Phrase("found", "encontró")
FOUND_NOTHING = Phrase("found nothing", "no encontró nada")
ACCEPTED = Phrase("accepted", "aceptado")
REJECTED = Phrase("rejected", "rechazado")
ASKED_AGAIN = Phrase("is asked again", "recibe otra vez la misma petición")
WAITS = Phrase("waits {seconds} s because the model is busy", "espera {seconds} s porque el modelo está ocupado")
FAILED = Phrase("failed", "falló")
REPLIED = Phrase(
    "read {read} tokens and wrote {written} in {seconds} s", "leyó {read} tokens y escribió {written} en {seconds} s"
)

STARTING = Phrase("starting", "arrancando")
PLANNING = Phrase("planning", "planificando")
SOLVING = Phrase("solving", "resolviendo")
PLAN_OF = Phrase("plan of {count}", "plan de {count}")
INCOMPLETE = Phrase("The answer is not complete: {why}", "La respuesta no está completa: {why}")

QUESTION = Phrase("Question", "Pregunta")
ANSWER = Phrase("Answer", "Respuesta")
STEPS = Phrase("Steps", "Pasos")
TOKENS = Phrase("Tokens", "Tokens")
INPUT = Phrase("input", "entrada")
INPUT_IS = Phrase("read to write the answer", "leídos para escribir la respuesta")
OUTPUT = Phrase("output", "salida")
OUTPUT_IS = Phrase("the answer", "la respuesta")
REASONING = Phrase("reasoning", "razonamiento")
REASONING_IS = Phrase(
    "{read} read + {written} written in intermediate steps",
    "{read} leídos + {written} escritos en los pasos intermedios",
)
TOTAL = Phrase("total", "total")
CALLS = Phrase("{count} calls", "{count} llamadas")
CACHED = Phrase("{share} of what was read was cached", "{share} de lo leído estaba en caché")
NO_PRICE = Phrase("price unknown", "precio desconocido")
AGENT, MODEL = Phrase("agent", "agente"), Phrase("model", "modelo")
COLUMNS = (
    AGENT,
    Phrase("calls", "llamadas"),
    Phrase("read", "leídos"),
    Phrase("written", "escritos"),
    Phrase("cached", "en caché"),
    MODEL,
)

REASONS: tuple[Phrase, ...] = (
    # the triage's
    Phrase("an image is looked at in one call", "una imagen se mira en una sola llamada"),
    Phrase("it states tests, which can be run on a draft", "trae pruebas que se pueden ejecutar sobre un borrador"),
    Phrase("a plain sum, computed by code: {sum}", "una cuenta sencilla, calculada por código: {sum}"),
    Phrase(
        "one program gives its {parts} parts from {count} numbers",
        "un solo programa da sus {parts} partes a partir de {count} números",
    ),
    Phrase("it has {parts} parts", "tiene {parts} partes"),
    Phrase("it counts or sorts letters or words", "hay que contar u ordenar letras o palabras"),
    Phrase("it asks for what a line of code knows", "pide algo que una línea de código sabe"),
    Phrase("it asks for a quantity and gives {count} numbers", "pide una cantidad y da {count} números"),
    Phrase("it ends in a choice that takes several steps", "termina en una elección que requiere varios pasos"),
    Phrase("one part, {words} words, nothing to compute", "una sola parte, {words} palabras, nada que calcular"),
    Phrase("its features do not say", "sus rasgos no bastan para saberlo"),
    Phrase("the triage gave no word", "el triaje no respondió con una palabra"),
    Phrase("the triage said so", "así lo dijo el triaje"),
    Phrase("the triage said {word}", "el triaje dijo {word}"),
    Phrase("{reason}; effort {effort} allows drafts", "{reason}; el esfuerzo {effort} permite borradores"),
    Phrase(
        "{reason}, but effort {effort} goes no further",
        "{reason}, pero el esfuerzo {effort} no da para más",
    ),
    # the strategies'
    Phrase("documents are given, and it has {parts} part", "hay documentos y tiene {parts} parte"),
    Phrase(
        "no program that answers the question ran: {reason}",
        "no se ejecutó ningún programa que responda a la pregunta: {reason}",
    ),
    Phrase("certainty {certainty} after {count}", "certeza {certainty} tras {count} respuestas"),
    Phrase("certainty {certainty}; votes: {votes}", "certeza {certainty}; votos: {votes}"),
    Phrase("the samples disagree: {reason}", "las respuestas no coinciden: {reason}"),
    Phrase("{agreed} of {count} branches end in {conclusion}", "{agreed} de {count} ramas terminan en {conclusion}"),
    Phrase("the facts do not hold the numbers of the answer", "los números de la respuesta no están entre los hechos"),
    Phrase("nothing printed can fill the schema: {reason}", "nada impreso puede llenar el esquema: {reason}"),
    Phrase("the answer does not follow the schema: {wrong}", "la respuesta no sigue el esquema: {wrong}"),
    Phrase("the strategy met the budget: {stop}", "la estrategia llegó al límite del presupuesto: {stop}"),
    # the critic's
    Phrase(
        "tests are stated and there is no code to run them on", "hay pruebas y ningún código sobre el que ejecutarlas"
    ),
    Phrase("its code fails the tests that are stated", "su código no pasa las pruebas del enunciado"),
    Phrase("its code passes the tests that are stated", "su código pasa las pruebas del enunciado"),
    Phrase("nothing was found", "no se encontró nada"),
    Phrase("it states numbers that nothing gives", "da números que no salen de ninguna parte"),
    Phrase("nothing in the documents bears it out", "nada en los documentos lo confirma"),
    Phrase("the documents bear it out", "los documentos lo confirman"),
    Phrase("it is what was read, word for word", "es lo que se leyó, palabra por palabra"),
    Phrase("its program ran", "su programa se ejecutó"),
    Phrase(
        "what its program printed can hardly be right", "lo que imprimió su programa difícilmente puede ser correcto"
    ),
    Phrase("a sum in it is wrong", "contiene una cuenta equivocada"),
    Phrase("a conversion in it is wrong", "contiene una conversión equivocada"),
    Phrase("it has not the form that is asked for", "no tiene la forma que se pide"),
    Phrase("its sums hold", "sus cuentas cuadran"),
    Phrase("nothing speaks against it", "nada habla en su contra"),
    # what goes with a verdict
    Phrase("printed {output}", "imprimió {output}"),
    Phrase("{count} passages were read", "se leyeron {count} pasajes"),
)
"""Reasons that the code gives, which events hold in English; in Spanish they are found again by their English form."""
