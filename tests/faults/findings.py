"""What an audit found."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Finding:
    """A broken promise: which rule, what is wrong, and the journal's lines that show it."""

    rule: str
    text: str
    lines: tuple = ()

    def __str__(self):
        where = f" (journal lines {', '.join(map(str, self.lines))})" if self.lines else ""
        return f"{self.rule}: {self.text}{where}"
