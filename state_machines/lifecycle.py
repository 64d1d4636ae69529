"""The transitions that every kind shares: forward step by step, failing, holding, retrying and going back."""

from __future__ import annotations

from state_machines.kind import ROLLING_BACK, State, Transition

ENDS: tuple[State, ...] = (
    State(
        "failed",
        "failed",
        "failed",
        "A step gave up. What it made is kept, the error says why and what to do. "
        "Leave it with retry (from the step that failed) or rollback.",
    ),
    State(
        "held",
        "attention",
        "held",
        "A person asked to stop here. Nothing is called and nothing is deleted; what the machine itself does "
        "goes on. Leave it with resume or rollback.",
    ),
    State(
        ROLLING_BACK,
        "releasing",
        "rolling back",
        "Everything made is being deleted, stage by stage; only a 404 counts as gone. It ends by itself in "
        "rolled back, or in rollback blocked when something cannot be deleted.",
    ),
    State(
        "rolled_back",
        "released",
        "rolled back",
        "Everything was seen to be gone. Retry starts again from nothing.",
    ),
    State(
        "rollback_blocked",
        "failed",
        "rollback blocked",
        "Something could not be deleted; the error names it. Remove the obstacle, then retry: the rollback goes "
        "on where it stopped.",
    ),
)


RELEASED: tuple[str, ...] = (ROLLING_BACK, "rolled_back", "rollback_blocked")
"""Where a record goes back to nothing, or has done so."""


def from_step(verb: str, step: str) -> str:
    """The event of a verb that begins at a step of a person's choice."""
    return f"{verb} from {step}"


def retry_from(step: str) -> str:
    """The event that takes a record back to a step it has been through already."""
    return from_step("retry", step)


def lifecycle(
    before: tuple[str, ...],
    steps: tuple[State, ...],
    after: tuple[str, ...],
    protected: tuple[str, ...],
) -> list[Transition]:
    """The shared moves of a kind whose steps lie between ``before`` (waits to begin) and ``after`` (finished).

    A person's rollback is not legal from the ``protected`` states; ``release`` and ``destroy`` are.
    """
    names = tuple(state.name for state in steps)
    begins = {state.name: state.retry_at or state.name for state in steps}
    transitions = [
        Transition("start", before, names[0]),
        *(
            Transition("advance", (here,), there)
            for here, there in zip(names, (*names[1:], after[0]), strict=True)
        ),
        Transition("fail", names, "failed"),
        Transition("hold", (*before, *names), "held"),
        *(Transition("resume", ("held",), name, at=name) for name in (*before, *names)),
        *(Transition("retry", ("failed",), begins[name], at=name) for name in names),
        *(
            Transition(retry_from(name), ("failed", "held"), begins[name], at=at, verb="retry")
            for index, at in enumerate(names)
            for name in names[: index + 1]
        ),
        Transition("retry", ("rollback_blocked",), ROLLING_BACK),
        Transition("retry", ("rolled_back",), before[0]),
        Transition("released", (ROLLING_BACK,), "rolled_back"),
        Transition("blocked", (ROLLING_BACK,), "rollback_blocked"),
    ]
    standing = (*before, *names, *after, "failed", "held")
    transitions.append(Transition("rollback", tuple(s for s in standing if s not in protected), ROLLING_BACK))
    return transitions


def release(
    event: str, before: tuple[str, ...], steps: tuple[State, ...], after: tuple[str, ...]
) -> Transition:
    """``event`` takes everything back, from wherever it stands."""
    names = tuple(state.name for state in steps)
    sources = (*before, *names, *after, "failed", "held", "rollback_blocked")
    return Transition(event, sources, ROLLING_BACK)
