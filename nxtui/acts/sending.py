"""The way from a key to a verb: is it legal, at which step, does a person consent, and what the daemon said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from daemon.wire import Accepted, Applied, CheckView, EntityView, Plan, VerbView
from nxtui.acts.verbs import Legality, apply_prompt, barred, legality, prompt_of
from nxtui.model.history import NamedStep

if TYPE_CHECKING:
    from nxtui.app import NxTui


class VerbSender:
    """Carries what a person asks for to the daemon, one verb at a time."""

    def __init__(self, nx: NxTui) -> None:
        self._nx = nx

    def barred(self) -> str | None:
        """Why nothing at all can be sent from this window now."""
        return barred(self._nx.fleet.link, self._nx.read_only)

    def act_on(self, verb: str, name: str, at_step: bool = False) -> None:
        """A verb for one name, from the palette. It asks always: what was typed may fit another verb than was meant."""
        entity = self._nx.fleet.find(name)
        self.act(verb, [entity] if entity is not None else [], at_step, asks=True)

    def act(
        self, verb: str, entities: Sequence[EntityView], at_step: bool = False, asks: bool = False
    ) -> None:
        """Ask what is to be asked, then send the verb; or say why it cannot be. ``asks``: in any case for a ``y``."""
        legal = legality(verb, entities)
        if reason := self.barred() or legal.reason:
            about = entities[0]["name"] if entities else ""
            self._nx.say(f"{verb}: not now. {reason}", "warning", about)
            return
        able = [entity for entity in entities if entity["name"] in legal.able]
        told = self._nx.fleet.verb(verb, able[0])
        send = partial(self._consent_and_send, verb, told, legal, asks)
        self._nx.questions.begin(self._at_step(verb, told, send, able) if at_step else send())

    async def _at_step(
        self,
        verb: str,
        told: VerbView | None,
        send: Callable[[str, str], Awaitable[None]],
        entities: Sequence[EntityView],
    ) -> None:
        """Let a person choose the step first."""
        from nxtui.screens.pick import PickList

        history = self._nx.fleet.history
        known, word = history.is_told(entities[0]), told["step"] if told else None
        steps = reachable(word, entities, history.steps(entities[0]))
        listed = PickList(
            title=f"{verb} {word or 'at'} which step?",
            entries=[(step.name, step.title, f"{step.place}  {step.name}") for step in steps],
            hint="type to narrow, or a step's name",
            empty="" if steps or known else "No such step was seen yet: type its name, the daemon knows it.",
            free=not known,
            start=len(steps) - 1 if word == "from" else 0,
        )
        chosen = await self._nx.questions.pick(listed)
        if chosen:
            titles = {step.name: step.title for step in steps}
            await send(chosen, titles.get(chosen, chosen))

    async def _consent_and_send(
        self,
        verb: str,
        told: VerbView | None,
        legal: Legality,
        asks: bool,
        step: str | None = None,
        title: str = "",
    ) -> None:
        prompt = prompt_of(verb, told, step is not None)
        if asks and prompt.consent == "none":
            prompt = prompt._replace(consent="ask")
        plans: list[Plan] = []
        if prompt.consent != "none" or len(legal.able) > 1:
            from nxtui.screens.confirm import Confirm, Question

            async def ask() -> list[Plan]:
                return [await self._nx.feed.plan(verb, name, step) for name in legal.able]

            question = Question(
                verb, prompt, legal.able, legal.unable,
                plans=ask if prompt.consent in ("plan", "name") else None,
                word=legal.able[0] if prompt.consent == "name" else None,
                step=title,
                command=lambda plan: as_command(verb, plan, told, step),
            )  # fmt: skip
            answer = await self._nx.questions.ask(Confirm(self._nx.renderer, question))
            if answer is None:
                return
            plans = answer
        else:
            self._nx.questions.spare()
            if not await self._nx.are_typed():
                return
        digests = {plan["target"]: plan["digest"] for plan in plans}
        for name in legal.able:
            sending = self._nx.feed.send(verb, name, digests.get(name), step)
            await self._send(verb, name, sending, f"{name} {prompt.accepted}.")

    async def apply(self, text: str, plan: Plan, command: str) -> bool:
        """A spec whose plan is known: show the plan, ask, send it with the plan's digest. True if it was. ``command``
        applies the same spec in a shell."""
        from nxtui.screens.confirm import Confirm, Question

        async def known() -> list[Plan]:
            return [plan]

        prompt = apply_prompt({item["action"] for item in plan["items"]})

        async def checks() -> list[CheckView]:
            return await self._nx.feed.patient.preflight(text)

        question = Question(
            "apply", prompt, (plan["target"],), (), plans=known, checks=checks,
            command=lambda plan: f"{command} --plan {plan['digest']}",
        )  # fmt: skip
        if await self._nx.questions.ask(Confirm(self._nx.renderer, question)) is None:
            return False
        sending = self._nx.feed.apply(text, plan["digest"])
        target = plan["target"]
        return await self._send("apply", target, sending, f"{target} {prompt.accepted}.")

    async def _send(
        self, verb: str, name: str, sending: Awaitable[Accepted | Applied | None], done: str
    ) -> bool:
        from daemon.client import DaemonRefused, DaemonUnreachable

        try:
            answer: Any = await sending
        except DaemonRefused as refused:
            error = refused.error
            said = f"{verb} {name}: refused. {error['message']} {error['remedy']}"
            self._nx.say(said, "error", name)
        except DaemonUnreachable as cause:
            said = f"{verb} {name}: no answer. {cause} Whether it arrived is seen in the log."
            self._nx.say(said, "error", name)
        else:
            along = (answer or {}).get("along")
            self._nx.say(f"{done} With it go {', '.join(along)}." if along else done, about=name)
            return True
        return False


def as_command(verb: str, plan: Plan, told: VerbView | None, step: str | None) -> str:
    """The command that gives the verb under just this plan."""
    at = f" --{told['step']} {step}" if told is not None and told["step"] and step else ""
    return f"nxd {verb} {plan['target']}{at} --plan {plan['digest']}"


def reachable(
    word: str | None, entities: Sequence[EntityView], steps: Sequence[NamedStep]
) -> list[NamedStep]:
    """The steps that make sense for all of them: what goes on ``from`` a step begins at one that was reached, what
    happens ``after`` one waits for one that is not done yet. Which of them is legal is the daemon's to say."""
    places = [entity["step_index"] for entity in entities]
    if word == "from":
        return [step for step in steps if step.place <= min(places)]
    return [step for step in steps if step.place >= max(places)]
