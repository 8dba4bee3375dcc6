"""The result as one picture: how much of each goal is reached, as bars beside a line that is the goal."""

from collections.abc import Sequence
from html import escape

from .figures import Verdict

WIDTH, LEFT, RIGHT, ROW, TOP = 900, 400, 150, 26, 56
MOST = 2.0
"""Bars end at twice the goal."""
MET, MISSED = "#2f6f4f", "#b5542c"


def svg(verdicts: Sequence[Verdict], machine: str) -> str:
    """A bar a goal, the whisker from its lowest to its highest run. `machine`: what it was measured on, in words."""
    height = TOP + ROW * len(verdicts) + 34
    scale = (WIDTH - LEFT - RIGHT) / MOST
    goal = LEFT + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="13" role="img" aria-label="How much of each goal is reached">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape("How much of each goal is reached")}</text>',
        f'<text x="12" y="42" fill="#555555">{escape(machine)}</text>',
    ]
    for n, verdict in enumerate(verdicts):
        parts += _row(verdict, TOP + n * ROW, scale)
    bottom = TOP + ROW * len(verdicts)
    parts += [
        f'<line x1="{goal:.1f}" y1="{TOP - 6}" x2="{goal:.1f}" y2="{bottom + 4}" stroke="#222222"/>',
        f'<text x="{goal:.1f}" y="{bottom + 20}" text-anchor="middle">goal</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(verdict: Verdict, y: int, scale: float) -> list[str]:
    end = LEFT + scale * min(verdict.share, MOST)
    shares = sorted(_share(verdict, value) for value in (verdict.figure.low, verdict.figure.high))
    low, high = (LEFT + scale * min(share, MOST) for share in shares)
    sign = "≥" if verdict.least else "≤"
    label = f"{verdict.goal}  {verdict.title}"
    said = f"{verdict.figure.median:.3g} ({sign} {verdict.wanted:g})"
    middle = y + ROW / 2
    return [
        f'<text x="{LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(label)}</text>',
        f'<rect x="{LEFT}" y="{y + 5}" width="{end - LEFT:.1f}" height="{ROW - 10}" '
        f'fill="{MET if verdict.met else MISSED}"/>',
        f'<line x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}" stroke="#222222"/>',
        f'<text x="{WIDTH - RIGHT + 8}" y="{middle + 4:.1f}">{escape(said)}</text>',
    ]


def _share(verdict: Verdict, value: float) -> float:
    value = max(value, 1e-9)
    return value / verdict.wanted if verdict.least else verdict.wanted / value
