"""Build the documentation:  python -m therml_exact.docs [--out site]

The pages are Markdown in pages/. Four parts are made: the reference from docstrings, the equations of "What is false in
print" from the registry, the figures of the gallery from the code beside them, the changelog from CHANGELOG.md.
Links and references that lead nowhere end the build. Needs the extra `docs`: pip install 'therml_exact[docs]'.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).parent
WRONG = ("corrected", "false as printed")  # of an equation's statuses
FIGURE = re.compile(r'```python title="(\w+)"\n(.*?)```', re.DOTALL)
GROUPS = {
    "Distributions": ("Joint", "entropy", "mutual_information", "multi_information", "entropy_vector", "kl_divergence",
                      "evaluate", "information_diagram", "PrimeLog", "normalize", "load"),
    "Worlds": ("WorldP", "BayesWorld", "DiscriminativeWorld", "Graph", "mismatch", "Variational",
               "optimal_variational", "functionals", "random_world", "predictive_information", "learned_information",
               "generalization"),
    "Bounds and proofs": ("check_bounds", "RELATIONS", "EQUATIONS", "prove", "verify", "verify_proof"),
    "Frontiers": ("EncoderProblem", "BayesProblem", "DiscriminativeProblem", "LearningRuleProblem", "JointProblem",
                  "minimize", "trace", "minimize_capped", "excess", "jump", "classify_rule", "deterministic_frontier",
                  "shannon_outer_bound"),
    "Classical problems": ("rate_distortion", "capacity", "wyner_information", "gacs_koerner_information",
                           "RateDistortionProblem", "CapacityProblem"),
    "Thermodynamics": ("boltzmann", "second_law", "fit_prior", "maxwell_relations", "measure_maxwell"),
}  # fmt: skip


def build(out: Path) -> None:
    """Write the site into a folder; a warning of the generator is an error."""
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config

    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        shutil.copytree(HERE / "pages", pages)
        (pages / "reference").mkdir()
        for name, text in reference().items():
            (pages / "reference" / f"{name}.md").write_text(text, encoding="utf-8")
        (pages / "false-in-print.md").write_text(false_in_print(), encoding="utf-8")
        (pages / "changelog.md").write_text(changelog(), encoding="utf-8")
        (pages / "gallery.md").write_text(draw(pages / "gallery.md"), encoding="utf-8")
        config: Any = load_config(
            str(HERE / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(out.resolve()), strict=True
        )
        config.plugins.run_event("startup", command="build", dirty=False)
        build_site(config)
        config.plugins.run_event("shutdown")


def reference() -> dict[str, str]:
    """The pages of the reference by file name: each public name once, the rest under "Results and the rest"."""
    import therml_exact as tx

    listed = {name for names in GROUPS.values() for name in names}
    groups = {title: [name for name in names if hasattr(tx, name)] for title, names in GROUPS.items()}
    groups["Results and the rest"] = [name for name in sorted(dir(tx)) if name not in listed]
    pages = {}
    for title, names in groups.items():
        parts = [f"# {title}\n"] + [f"::: therml_exact.{name}\n" for name in names]
        pages[title.lower().replace(" ", "-")] = "\n".join(parts)
    return pages


def false_in_print() -> str:
    """The page of what is false in print: its text, and the equations that the registry says are false or corrected."""
    import therml_exact as tx

    lines = []
    for equation in tx.EQUATIONS:
        if equation.status in WRONG:
            lines += [f"### ({equation.number}) {equation.status}", "", f"Printed: {_escaped(equation.statement)}", ""]
            lines += [f"True: {_escaped(equation.corrected)}", ""] if equation.corrected else []
            lines += [_escaped(equation.note), ""] if equation.note else []
            lines += [f"Executed by `{equation.function}`; tested by `{equation.test}`.", ""]
    page = (HERE / "pages" / "false-in-print.md").read_text(encoding="utf-8")
    return page.replace("<!-- equations -->", "\n".join(lines))


def changelog() -> str:
    """The project's CHANGELOG.md: a wheel has it beside this file, a clone at its top."""
    for place in (HERE / "CHANGELOG.md", HERE.parents[1] / "CHANGELOG.md"):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise FileNotFoundError(f"CHANGELOG.md is neither in {HERE} nor in {HERE.parents[1]}: install a wheel, or clone")


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}<>|\[\]])", r"\\\1", text)


def draw(page: Path) -> str:
    """The gallery with each figure drawn by the code above it, which ends with axes named `ax`."""
    import matplotlib

    matplotlib.use("agg")
    text = page.read_text(encoding="utf-8")
    (page.parent / "figures").mkdir()

    def drawn(match: re.Match[str]) -> str:
        names: dict[str, Any] = {"__name__": "gallery"}
        exec(compile(match[2], f"gallery: {match[1]}", "exec"), names)  # noqa: S102  # our own page, never a user's
        figure = names["ax"].get_figure()
        figure.savefig(page.parent / "figures" / f"{match[1]}.png", dpi=110)
        return f"{match[0]}\n\n![{match[1]}](figures/{match[1]}.png)"

    return FIGURE.sub(drawn, text)


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("site"), show_default=True)
def main(out: Path) -> None:
    """Build the site."""
    try:
        import mkdocs
    except ImportError:
        raise click.ClickException("the documentation needs mkdocs: pip install 'therml_exact[docs]'") from None
    del mkdocs
    build(out)
    click.echo(f"the site is in {out}: open {out / 'index.html'}")


if __name__ == "__main__":
    main()
