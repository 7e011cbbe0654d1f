"""Ask one question, wait for the answer, and see what it cost.

You learn: `tertulia.ask`, the answer, and the three numbers. Run it with the model in the box, or with any other:

    TERTULIA_MODEL=openai:gpt-5.2 python examples/ask.py
"""

import tertulia


def main() -> None:
    answered = tertulia.ask("How many minutes are there in a leap year?")
    print(answered.answer.text)
    report = answered.report
    print(f"{report.input} input + {report.output} output + {report.reasoning} reasoning = {report.total} tokens")


if __name__ == "__main__":
    main()
