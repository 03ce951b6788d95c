"""Recall against throughput: what lies between the measured widths, and the picture of all curves as plain SVG."""

import html
import math
from dataclasses import dataclass

WIDTH, HEIGHT = 960, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 330, 24, 56
LEAST_RECALL, MOST_RECALL = 0.80, 0.999
RECALLS_SHOWN = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
LEGEND_LINE = 24
# By turns: eight hues that stay apart from each other on white and on black, and for the second eight a dashed line.
COLOURS = (
    ("#1f6fd6", "#6cb0ff"),
    ("#c2410c", "#ff9a5c"),
    ("#15803d", "#5fd38a"),
    ("#9333ea", "#c99bff"),
    ("#be123c", "#ff7d96"),
    ("#0e7490", "#5fd4ea"),
    ("#a16207", "#e9bd4b"),
    ("#52525b", "#b4b4bd"),
)


@dataclass
class Curve:
    """Points of (recall, queries a second) in order of width."""

    name: str
    points: list[tuple[float, float]]
    is_own: bool = False

    def at(self, recall: float) -> float | None:
        """Queries a second at a recall: between two measured widths the logarithm is taken to be linear in the recall."""
        found = [speed for reached, speed in self.points if reached >= recall]
        for (less, fast), (more, slow) in zip(self.points, self.points[1:]):
            if less < recall <= more:
                share = (recall - less) / (more - less)
                found.append(math.exp(math.log(fast) + share * (math.log(slow) - math.log(fast))))
        return max(found, default=None)

    @property
    def best_recall(self) -> float:
        return max(reached for reached, _ in self.points)


def svg(curves: list[Curve], title: str) -> str:
    """The picture. `curves` come in the order of the legend."""
    speeds = [speed for curve in curves for reached, speed in curve.points if reached >= LEAST_RECALL]
    if not speeds:
        raise ValueError("no curve reaches the recall at which the picture begins")
    lowest, highest = math.floor(math.log10(min(speeds))), math.ceil(math.log10(max(speeds)))
    highest = max(highest, lowest + 1)
    plot_width, plot_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(recall: float) -> float:
        """By what is missed, on a logarithmic scale: from .9 to .99 is as hard as from .99 to .999."""
        missed = math.log((1 - LEAST_RECALL) / (1 - min(recall, MOST_RECALL)))
        return LEFT + plot_width * missed / math.log((1 - LEAST_RECALL) / (1 - MOST_RECALL))

    def y(speed: float) -> float:
        return TOP + plot_height * (highest - math.log10(speed)) / (highest - lowest)

    parts = [_head(title)]
    for recall in RECALLS_SHOWN:
        words = f"{recall:g}" if recall < MOST_RECALL else f"≥ {recall:g}"
        parts.append(
            f'<line class="grid" x1="{x(recall):.1f}" y1="{TOP}" x2="{x(recall):.1f}" y2="{TOP + plot_height}"/>'
        )
        parts.append(f'<text x="{x(recall):.1f}" y="{TOP + plot_height + 18}" text-anchor="middle">{words}</text>')
    for power in range(lowest, highest + 1):
        at = y(10**power)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{LEFT + plot_width}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    middle = f"{LEFT + plot_width / 2:.1f}"
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">recall@10 against the exact answers</text>'
    )
    parts.append(
        f'<text transform="translate(16 {TOP + plot_height / 2}) rotate(-90)" text-anchor="middle">queries a second</text>'
    )
    for place, curve in enumerate(curves):
        parts += _drawn(curve, place, x, y)
    return "\n".join([*parts, "</svg>", ""])


def _head(title: str) -> str:
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="13">
<title>{html.escape(title)}</title>
<style>
{_colours(0, paper="#ffffff", ink="#24292f", rule="#d8dee4")}
@media (prefers-color-scheme: dark) {{ {_colours(1, paper="#0d1117", ink="#d7dde3", rule="#30363d")} }}
.curve {{ fill: none; stroke-width: 1.6 }} .own {{ stroke-width: 4 }} .dashed {{ stroke-dasharray: 6 4 }} .bold {{ font-weight: 700 }}
</style>
<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>"""


def _colours(which: int, paper: str, ink: str, rule: str) -> str:
    """Rules for light (0) or dark (1), in words that the plainest renderers know."""
    hues = (
        f".c{place} .curve {{ stroke: {pair[which]} }} .c{place} circle {{ fill: {pair[which]} }}"
        for place, pair in enumerate(COLOURS)
    )
    return f".paper {{ fill: {paper} }} text {{ fill: {ink} }} .grid {{ stroke: {rule} }} " + " ".join(hues)


def _drawn(curve: Curve, place: int, x, y) -> list[str]:
    """The line with its marks, and its line of the legend."""
    colour = f"c{place % len(COLOURS)}"
    kind = " own" if curve.is_own else " dashed" if place >= len(COLOURS) else ""
    radius = 4 if curve.is_own else 3
    shown = [(x(reached), y(speed)) for reached, speed in curve.points if reached >= LEAST_RECALL]
    parts = [f'<g class="{colour}">']
    if len(shown) > 1:
        parts.append(f'<polyline class="curve{kind}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in shown)}"/>')
    parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius}"/>' for a, b in shown]
    left, at = WIDTH - RIGHT + 24, TOP + 8 + LEGEND_LINE * place
    parts.append(f'<line class="curve{kind}" x1="{left}" y1="{at}" x2="{left + 26}" y2="{at}"/>')
    parts.append(f'<circle cx="{left + 13}" cy="{at}" r="{radius}"/>')
    weight = ' class="bold"' if curve.is_own else ""
    parts.append(f'<text{weight} x="{left + 34}" y="{at + 4}">{html.escape(curve.name)}</text></g>')
    return parts
