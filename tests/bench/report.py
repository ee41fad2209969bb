"""Figures as Markdown tables and as JSON."""

import datetime
import json

import place


class Report:
    """What has been measured. Each row is written down at once: a run that is broken off keeps what it had."""

    def __init__(self, markdown=None, data=None):
        self.markdown, self.data = markdown, data
        self.parts = {}

    def add(self, part, title, rows):
        """Rows of one part as dicts with the same keys, which are the columns."""
        if not rows:
            return
        self.parts.setdefault(part, []).extend(rows)
        text = f"\n{title}\n\n{table(rows)}"
        print(text, flush=True)
        if self.markdown:
            with open(self.markdown, "a") as file:
                file.write(text)
        if self.data:
            whole = {"at": datetime.datetime.now(datetime.UTC).isoformat(), "machine": place.machine(), "parts": self.parts}
            with open(self.data, "w") as file:
                json.dump(whole, file, indent=2)


def table(rows):
    """A Markdown table with columns of even width."""
    cells = [list(rows[0])] + [[shown(value) for value in row.values()] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]

    def line(row):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |\n"

    return line(cells[0]) + "|" + "|".join("-" * (width + 2) for width in widths) + "|\n" + "".join(map(line, cells[1:]))


def shown(value):
    """A figure with as many digits as mean something."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
