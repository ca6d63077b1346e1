"""The content of a report, in its order: sections of tables, charts and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape

from ctr_env.drawing.page.chart import Chart
from ctr_env.drawing.page.markup import element
from ctr_env.drawing.page.section import Html, Part, Section
from ctr_env.drawing.page.table import Table

from .agent_tables import agent_comparison, agent_table, observation_comparison
from .axis_charts import axis_chart
from .comparison_table import comparison_tables
from .error_charts import ERRORS_OVER_TIME, error_charts
from .gallery import failure_gallery, video_gallery
from .grouping import Axis, by_system, find_axes
from .labels import nominal_episodes
from .learning_curves import learning_curves, read_curves
from .media import MediaBudget
from .observation_charts import OBSERVED_OVER_TIME, observation_charts
from .overview_chart import overview_chart
from .quantities import ALL
from .run_tables import run_tables, version_table
from .series import ErrorSeries, read_errors
from .settling_chart import settling_chart
from .study_data import StudyData
from .summary_tables import axis_table, failed_table, failure_table, scenario_tables, system_tables
from .trainings import agent_systems, agent_trainings
from .trajectory_charts import trajectory_charts

__all__ = ["make_sections"]


def make_sections(data: StudyData, budget: MediaBudget, baseline: str | None = None) -> tuple[Section, ...]:
    """The sections of a study's report; those that have nothing to show are left out.

    Args:
        data: The study.
        budget: Room for videos and images.
        baseline: System that the others are compared with; ``None``: the first.

    Raises:
        ConfigurationError: If there is no such system.
    """
    one_at_a_time = tuple(data.definition.get("one_at_a_time") or ())
    nominal = replace(data, episodes=nominal_episodes(data.episodes, one_at_a_time))
    which = "at the nominal level of what was varied one at a time" if one_at_a_time else "over all its episodes"
    styles = {system: i for i, system in enumerate(by_system(data.episodes))}
    axes = find_axes(data.episodes)
    with_agents = bool(agent_systems(nominal.episodes))
    names = dict.fromkeys((*ERRORS_OVER_TIME, *(OBSERVED_OVER_TIME if with_agents else ())))
    series = read_errors(nominal, nominal.episodes, tuple(names))
    found = (
        _run(data, run_tables(data, axes)),
        Section(
            *("results", "Results", f"Every system {which}."),
            (overview_chart(nominal.episodes, styles), *system_tables(nominal.episodes)),
        ),
        Section(
            *("comparison", "Comparison", "Every system beside the baseline, on the same episodes."),
            comparison_tables(nominal.episodes, axes, baseline),
        ),
        *(_agents(nominal, axes, series, styles) if with_agents else ()),
        Section(
            *("scenarios", "Scenarios", f"Every system in every scenario, {which}."),
            scenario_tables(nominal.episodes),
        ),
        Section(
            *("time", "Errors over time", "How the errors fall, and what they settle at."),
            error_charts(nominal.episodes, series, styles),
        ),
        Section(
            *("axes", "Axes", "What each parameter that was varied costs."),
            [part for axis in axes for part in (axis_chart(axis, styles), axis_table(axis))],
        ),
        Section(
            *("settling", "Settling", "When the episodes reach the goal and stay there."),
            _known(settling_chart(nominal.episodes, _duration(nominal, series), styles)),
        ),
        Section(
            "paths", "Paths", "The best, the median and the worst episode of each system.", trajectory_charts(nominal)
        ),
        Section(
            *(
                "videos",
                "Videos",
                "Of the episodes that were recorded, the best, the median and the worst by true error.",
            ),
            _html(video_gallery(data, budget)),
        ),
        _failures(data, budget),
        _methods(data),
    )
    return tuple(section for section in found if section.parts)


def _agents(
    data: StudyData, axes: Sequence[Axis], series: dict[tuple[str, int], ErrorSeries], styles: dict[str, int]
) -> Iterator[Section]:
    """What was learned, what it is worth, and whether agents learned to look."""
    curves = read_curves(data.folder, agent_trainings(data.episodes))
    observed = observation_comparison(data.episodes, axes)
    text = (
        "Policies that were trained for this study, each with several seeds, on the same episodes as the controllers."
    )
    parts: list[Part] = [learning_curves(curves)] if curves else []
    yield Section("agents", "Agents", text, [*parts, agent_table(data.episodes), agent_comparison(data.episodes, axes)])
    text = "Whether agents learned to look: to move so that the estimate improves."
    parts = [*observation_charts(data.episodes, series, styles), *([] if observed is None else [observed])]
    yield Section("looking", "Looking", text, parts)


def _run(data: StudyData, tables: Sequence[Table]) -> Section:
    parts: list[Part] = [*tables, _listing("Commands that repeat it", "\n".join(data.commands))]
    if data.definition_text:
        parts.append(_listing(f"Study file {data.name}.yaml", data.definition_text))
    return Section("run", "What was run", "Systems, parameters and seeds.", parts)


def _listing(title: str, text: str) -> Html:
    listing = element("pre", element("code", escape(text)), tabindex="0", aria_label=title)
    return Html(element("details", element("summary", escape(title)), listing))


def _failures(data: StudyData, budget: MediaBudget) -> Section:
    gallery = failure_gallery(data, budget)
    parts = (failure_table(data.episodes), Html(gallery), failed_table(data.episodes)) if gallery else ()
    text = "Why episodes failed, with examples. The command below an example opens its video, if one was recorded."
    return Section("failures", "Failures", text, parts)


def _methods(data: StudyData) -> Section:
    terms = "".join(element("dt", escape(each.label)) + element("dd", escape(each.meaning)) for each in ALL)
    text = "Definitions of the metrics. The same numbers are beside this page as CSV and LaTeX, the figures as PDF."
    versions = version_table(data.versions)
    return Section(
        "metrics", "Metrics and versions", text, (Html(element("dl", terms)), *([] if versions is None else [versions]))
    )


def _duration(data: StudyData, series: dict[tuple[str, int], ErrorSeries]) -> float:
    """Length of the episodes, seconds."""
    ends = [float(each.time_s[-1]) for each in series.values()]
    settled = [time for episode in data.episodes if (time := episode.value("settling_time_s")) is not None]
    return max([*ends, *settled, 0.0])


def _html(text: str) -> tuple[Part, ...]:
    return (Html(text),) if text else ()


def _known(chart: Chart | None) -> tuple[Part, ...]:
    return () if chart is None else (chart,)
