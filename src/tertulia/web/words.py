"""All that the page says of itself, in English and in Spanish; what happens in a run is worded by `narration`."""

from __future__ import annotations

from ..narration.catalogue import Phrase

TITLE = Phrase("Tertulia", "Tertulia")
SKIP = Phrase("Skip to the content", "Saltar al contenido")
ASK = Phrase("Ask", "Preguntar")
RUNS = Phrase("Runs", "Consultas")
NAVIGATION = Phrase("Pages", "Páginas")
DARK = Phrase("Dark", "Oscuro")
LIGHT = Phrase("Light", "Claro")
SWITCH = Phrase("Español", "English")
LEAVE = Phrase("Log out", "Salir")

# ask
WELCOME = Phrase("What should we think through?", "¿Sobre qué pensamos juntos?")
WELCOME_IS = Phrase(
    "Several agents split the question, work on its parts, check each other, and compile one answer. You watch.",
    "Varios agentes reparten la pregunta, trabajan cada parte, se revisan entre sí y componen una sola respuesta. "
    "Usted lo ve todo.",
)
QUESTION = Phrase("Your question", "Su pregunta")
HINT = Phrase("Ctrl + Enter asks", "Ctrl + Intro pregunta")
EFFORT = Phrase("Effort", "Esfuerzo")
MORE = Phrase("More settings", "Más opciones")
STRATEGY = Phrase("Strategy", "Estrategia")
AS_SET = Phrase("as the house has it", "la de la casa")
HOUSE = Phrase("House", "Casa")
MOST_TOKENS = Phrase("Most tokens", "Máximo de tokens")
MOST_USD = Phrase("Most US dollars", "Máximo de dólares")
MOST_SECONDS = Phrase("Most seconds", "Máximo de segundos")
IMAGES = Phrase("Images", "Imágenes")
EXAMPLES = Phrase("For example", "Por ejemplo")
EXAMPLE_QUESTIONS = (
    Phrase(
        "Are there more minutes in a day than hours in a month, and by how much?",
        "¿Tiene más minutos un día que horas un mes, y cuántos más?",
    ),
    Phrase(
        "A train leaves at 9:40 and covers 210 km at 84 km/h. When does it arrive, and how far is it after one hour?",
        "Un tren sale a las 9:40 y recorre 210 km a 84 km/h. ¿A qué hora llega y dónde está al cabo de una hora?",
    ),
    Phrase(
        "I save 150 euros a month at 3 % a year. What do I have after 5 years, and how much of it is interest?",
        "Ahorro 150 euros al mes al 3 % anual. ¿Cuánto tendré en 5 años y qué parte serán intereses?",
    ),
)
EFFORTS = {
    "auto": Phrase("automatic", "automático"),
    "none": Phrase("none", "ninguno"),
    "minimal": Phrase("minimal", "mínimo"),
    "low": Phrase("low", "bajo"),
    "medium": Phrase("medium", "medio"),
    "high": Phrase("high", "alto"),
    "xhigh": Phrase("highest", "máximo"),
}
FOLLOW_UP = Phrase("Ask a follow-up", "Seguir preguntando")

# watch
ANSWER = Phrase("Answer", "Respuesta")
PLAN = Phrase("How it is thought through", "Cómo se piensa")
TASKS = Phrase("The work, part by part", "El trabajo, parte por parte")
STATES = {
    "queued": Phrase("waiting its turn", "en espera"),
    "running": Phrase("thinking", "pensando"),
    "cancelling": Phrase("stopping", "deteniéndose"),
    "interrupted": Phrase("interrupted", "interrumpida"),
    "answered": Phrase("answered", "respondida"),
    "failed": Phrase("failed", "fallida"),
    "cancelled": Phrase("stopped", "detenida"),
}
PROGRESS = {
    "waiting": Phrase("waiting", "en espera"),
    "working": Phrase("working", "trabajando"),
    "checking": Phrase("being checked", "en revisión"),
    "rejected": Phrase("rejected", "rechazado"),
    "failed": Phrase("failed", "falló"),
    "done": Phrase("done", "listo"),
}
NOT_YET = Phrase("Nothing is written yet.", "Todavía no hay nada escrito.")
NO_ANSWER = Phrase("There is no answer.", "No hay respuesta.")
WHY_ENDED = Phrase("Why: {why}", "Motivo: {why}")
SPENT = Phrase("What it costs", "Lo que cuesta")
BUDGET = Phrase("Budget", "Presupuesto")
OF_BUDGET = Phrase("{spent} of {limit} {unit}", "{spent} de {limit} {unit}")
KEPT_BACK = Phrase("The marked part is kept back for the answer.", "La parte marcada se reserva para la respuesta.")
TOKENS = Phrase("tokens", "tokens")
SECONDS = Phrase("seconds", "segundos")
DOLLARS = Phrase("US dollars", "dólares")
NO_BUDGET = Phrase("no limit set", "sin límite")
BRIEF = Phrase("Was asked", "Se le pidió")
THINKING = Phrase("Thinking…", "Pensando…")
THOUGHT = Phrase("Thought for {seconds} s", "Pensó durante {seconds} s")
PROGRAM = Phrase("Program", "Programa")
OUTPUT = Phrase("Its output", "Lo que imprimió")
REPLY = Phrase("Replied", "Respondió")
FOUND = Phrase("Found", "Encontró")
PASSAGES = Phrase("Passages read", "Pasajes leídos")
VERDICT = Phrase("Verdict", "Veredicto")
EVIDENCE = Phrase("Evidence", "Pruebas")
LEDGER = Phrase("Ledger", "Libro de cuentas")
LEDGER_OF = Phrase("Each call to a model", "Cada llamada a un modelo")
CALL = Phrase("call", "llamada")
AGENT = Phrase("agent", "agente")
MODEL = Phrase("model", "modelo")
READ = Phrase("read", "leídos")
WRITTEN = Phrase("written", "escritos")
STATUS = Phrase("status", "estado")
OTHER_WORK = Phrase("Work for the whole question", "Trabajo para toda la pregunta")
CRITICAL = Phrase("The bold path decided how long it took.", "El camino marcado decidió cuánto se tardó.")
GRAPH = Phrase("Graph of the plan: {count} parts", "Gráfico del plan: {count} partes")
NEEDS = Phrase("needs {tasks}", "necesita {tasks}")
SOURCES = Phrase("Sources", "Fuentes")
PAGE = Phrase("page {page}", "página {page}")
EARLIER = Phrase("Earlier in this conversation", "Antes en esta conversación")
CUT = Phrase("… ({count} characters more)", "… (quedan {count} caracteres)")
NOW = Phrase("{state}; {done} of {count} parts done", "{state}; {done} de {count} partes listas")
CALLS = Phrase("{count} calls", "{count} llamadas")

# act
STOP = Phrase("Stop", "Detener")
AGAIN = Phrase("Ask again", "Volver a preguntar")
CONTINUE = Phrase("Continue", "Continuar")
DELETE = Phrase("Delete", "Borrar")
FORK = Phrase("Run again from here", "Repetir desde aquí")
EXPORT = Phrase("Export", "Exportar")

ELSEWHERE = Phrase(
    "This server cannot go on with that run, as it has other settings: run `tertulia runs resume {id}`.",
    "Este servidor tiene otra configuración y no puede seguir con esa consulta: ejecute `tertulia runs resume {id}`.",
)

# look back
SEARCH = Phrase("Search questions and answers", "Buscar en preguntas y respuestas")
FIND = Phrase("Search", "Buscar")
ANY_STATE = Phrase("any state", "cualquier estado")
STATE = Phrase("State", "Estado")
NO_RUNS = Phrase("No run is stored that matches.", "No hay ninguna consulta que coincida.")
WHEN = Phrase("when", "cuándo")
ASKED = Phrase("question", "pregunta")
OLDER = Phrase("Older", "Anteriores")
REPLAY = Phrase("Replay", "Reproducir")
MOMENT = Phrase("Moment", "Momento")
MOMENT_OF = Phrase("event {number} of {count}, after {seconds} s", "suceso {number} de {count}, a los {seconds} s")
STEP_BACK = Phrase("One step back", "Un paso atrás")
STEP_ON = Phrase("One step on", "Un paso adelante")
AT_SPEED = Phrase("Play at {speed}×", "Reproducir a {speed}×")
LIVE = Phrase("Back to the run", "Volver a la consulta")
COMPARE = Phrase("Compare", "Comparar")
COMPARE_WITH = Phrase("Compare with another run", "Comparar con otra consulta")
CHOOSE_TWO = Phrase("Choose two runs, then compare them.", "Elija dos consultas y compárelas.")
DIFFERENCE = Phrase("What differs between the answers", "En qué difieren las respuestas")
SAME = Phrase("The answers are the same.", "Las respuestas son iguales.")

# safety and errors
LOG_IN = Phrase("Log in", "Entrar")
LOG_IN_IS = Phrase(
    "This server asks for a key. Whoever runs it makes one with `tertulia key new`.",
    "Este servidor pide una clave. Quien lo administra la crea con `tertulia key new`.",
)
KEY = Phrase("Key", "Clave")
WRONG_KEY = Phrase(
    "That key is not known here; check that it is whole.", "Esa clave no se conoce aquí; revise que esté completa."
)
EXPIRED = Phrase("Your log-in has ended; log in again to go on.", "La sesión ha terminado; entre otra vez para seguir.")
STALE = Phrase(
    "This form is too old to be taken; go back, reload the page and send it again.",
    "Este formulario es demasiado antiguo; vuelva atrás, recargue la página y envíelo otra vez.",
)
SORRY = Phrase("This did not work", "No ha sido posible")
NO_RUN = Phrase(
    "There is no run here: it was deleted, belongs to another key, or never was. Look among your runs.",
    "Aquí no hay ninguna consulta: se borró, es de otra clave o nunca existió. Mire entre las suyas.",
)
NO_PAGE = Phrase("There is no such page; begin at the first one.", "Esa página no existe; empiece por la primera.")
TOO_LARGE = Phrase(
    "That is more than this server takes in one request: {limit} MiB.",
    "Es más de lo que este servidor acepta de una vez: {limit} MiB.",
)
NOT_AN_IMAGE = Phrase(
    "{name} is no image that can be read; use PNG, JPEG, GIF or WebP.",
    "{name} no es una imagen que se pueda leer; use PNG, JPEG, GIF o WebP.",
)
NOT_A_NUMBER = Phrase(
    "{name}: {given} is not a number above 0; use one, or leave it empty.",
    "{name}: {given} no es un número mayor que 0; escriba uno o déjelo vacío.",
)
NO_SCRIPT = Phrase(
    "JavaScript is off: this page reloads by itself until the answer is there.",
    "JavaScript está desactivado: esta página se recarga sola hasta que llegue la respuesta.",
)
BACK = Phrase("Ask something", "Preguntar algo")
NOT_DELETED = Phrase(
    "A run that is being worked on cannot be deleted; stop it first.",
    "Una consulta en marcha no se puede borrar; deténgala antes.",
)
