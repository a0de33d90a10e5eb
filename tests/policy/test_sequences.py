"""What holds after any sequence of events, together with a small model of what the engine does with decisions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from policy.situations import (
    ANA,
    BOSS,
    DAY,
    HOUR,
    KIM,
    NOW,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    an_event,
    the_facts,
)
from tokenward.model.event import ABOUT_PEOPLE, Event, EventKind, Way
from tokenward.model.person import Person, PersonState
from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.token import InstalledToken
from tokenward.policy.decision import (
    Cancel,
    Decision,
    Facts,
    NotePerson,
    NoteToken,
    Reassign,
    Rotate,
    TakeCertificate,
)
from tokenward.policy.standing import note
from tokenward.policy.table import decide

Admit = Callable[[Rotation | None, Rotate, datetime], Rotation]
ROSTER = a_roster(trusted_for_silence=frozenset({"clock", "control"}))


def admit(rotation: Rotation | None, wanted: Rotate, now: datetime) -> Rotation:
    """Open a rotation for *wanted*, or let it join the open one, or follow it."""
    if rotation is None:
        return a_rotation(
            state=State.OPENED,
            causes=(wanted.cause,),
            opened_at=now,
            due_at=wanted.due_at,
            actor=wanted.actor,
            new_key=wanted.new_key,
            recover_until=wanted.recover_until,
        )
    if rotation.is_after_click and not wanted.satisfied_after_click:
        return replace(rotation, follow_up=tuple(dict.fromkeys((*rotation.follow_up, wanted.cause))))
    return replace(
        rotation,
        causes=tuple(dict.fromkeys((*rotation.causes, wanted.cause))),
        due_at=min(rotation.due_at, wanted.due_at),
        new_key=rotation.new_key or wanted.new_key,
        recover_until=rotation.recover_until or wanted.recover_until,
    )


@dataclass
class World:
    """One service, and the people around it, as events change them."""

    admit: Admit = admit
    token: InstalledToken | None = field(default_factory=a_token)
    rotation: Rotation | None = None
    people: dict[str, PersonState] = field(default_factory=dict)
    opened: int = 0
    ended: int = 0

    def facts(self) -> Facts:
        """Return what is known now."""
        return the_facts(roster=ROSTER, token=self.token, rotation=self.rotation, people=self.people)

    def take(self, event: Event, person: Person | None, now: datetime) -> tuple[Decision, ...]:
        """Decide *event* as the engine does, once for its person and then for the service, and carry it out."""
        noted: tuple[Decision, ...] = ()
        if event.kind in ABOUT_PEOPLE:
            state = self.people.get(person.id if person else "", PersonState(person.id if person else ""))
            noted = note(event, person, state, ROSTER, now)
            self._carry_out(noted, now)
        decided = decide(event, self.facts(), now, person)
        self._carry_out(decided, now)
        return (*noted, *decided)

    def _carry_out(self, decisions: Iterable[Decision], now: datetime) -> None:
        for decision in decisions:
            match decision:
                case Rotate():
                    self.opened += self.rotation is None
                    self.rotation = self.admit(self.rotation, decision, now)
                case NotePerson():
                    self.people[decision.state.person] = decision.state
                case NoteToken() if self.token is not None:
                    self.token = replace(self.token, state=decision.state)
                case Reassign() if self.rotation is not None:
                    self.rotation = replace(self.rotation, actor=decision.actor)
                case TakeCertificate() if self.rotation is not None:
                    self.rotation = replace(self.rotation, certificate=decision.fingerprint)
                case Cancel() if self.rotation is not None:
                    self.rotation, self.ended = None, self.ended + 1
                case _:
                    pass


PEOPLE: dict[str, Person | None] = {"kim": KIM, "ana": ANA, "boss": BOSS, "": None}
Happening = tuple[EventKind, str, str, int | None]


def happenings(kinds: Iterable[EventKind], people: Iterable[str] = PEOPLE) -> st.SearchStrategy[Happening]:
    """Return events of *kinds* about *people*, from one of three sources, some dated some days ahead."""
    return st.tuples(
        st.sampled_from(sorted(kinds)),
        st.sampled_from(sorted(people)),
        st.sampled_from(["drop", "control", "other-okta"]),
        st.none() | st.integers(-5, 30),
    )


def event_of(happening: Happening, now: datetime) -> tuple[Event, Person | None]:
    """Return the event of *happening* and whom it is about."""
    kind, who, source, days = happening
    way = {"drop": Way.DROP, "control": Way.CONTROL}.get(source, Way.RECEIVER)
    effective_at = None if days is None else NOW + days * DAY
    data = {"attachment": "f2", "person": "kim", "reason": "x"}
    event = an_event(kind, source=source, way=way, received_at=now, effective_at=effective_at, data=data)
    return event, PEOPLE[who] if kind in ABOUT_PEOPLE else None


CAUSING = frozenset(EventKind) - {
    EventKind.CANCEL,
    EventKind.ADOPT,
    EventKind.CLAIM,
    EventKind.RETRY,
    EventKind.FILE_LOST,
    EventKind.ACCOUNT_ENABLED,
    EventKind.TOKEN_SUPPLIED,  # opens a rotation only where none is open, so order tells by design
}
"""Kinds that add something; the others take something back or ask for a step, so their place in the order matters."""


@given(st.lists(happenings(EventKind), max_size=12), st.sampled_from([None, State.AWAITING_TOKEN, State.RECEIVED]))
def test_there_is_never_a_second_open_rotation_and_no_cause_is_lost(said: list[Happening], state: State | None) -> None:
    """B2.6, B2.2: a cause stays, or follows, until the rotation ends."""
    rotation = (
        None if state is None else a_rotation(state=state, supplied_by="kim@corp.example", causes=(Cause.MANUAL,))
    )
    world, started = World(rotation=rotation), rotation is not None
    wanted: set[Cause] = {Cause.MANUAL} if started else set()

    for hours, happening in enumerate(said):
        now = NOW + hours * HOUR
        ended = world.ended
        decisions = world.take(*event_of(happening, now), now)
        if world.ended > ended:
            wanted = set()
        wanted |= {decision.cause for decision in decisions if isinstance(decision, Rotate)}
        kept = {*world.rotation.causes, *world.rotation.follow_up} if world.rotation else set()
        assert wanted == kept
        assert world.opened + started - world.ended == (world.rotation is not None)


@given(st.lists(happenings(EventKind), max_size=12))
def test_a_due_date_never_moves_away(said: list[Happening]) -> None:
    """B2.2: it can only be brought forward, and is never in the past when it is set."""
    world = World()

    for hours, happening in enumerate(said):
        now, before = NOW + hours * HOUR, world.rotation
        decisions = world.take(*event_of(happening, now), now)
        assert all(decision.due_at >= now for decision in decisions if isinstance(decision, Rotate))
        if before is not None and world.rotation is not None:
            assert world.rotation.due_at <= before.due_at


@given(st.lists(happenings(ABOUT_PEOPLE, ("ana", "boss", "")), max_size=12))
def test_people_who_downloaded_nothing_never_open_a_rotation(said: list[Happening]) -> None:
    """B7.5: whatever happens to them."""
    world = World()

    for hours, happening in enumerate(said):
        world.take(*event_of(happening, NOW + hours * HOUR), NOW + hours * HOUR)

    assert world.rotation is None


def essence(world: World) -> tuple[object, ...]:
    """Return what must not depend on order or repetition."""
    rotation = world.rotation
    unusable = frozenset(person for person, state in world.people.items() if state.is_leaving())
    dates = frozenset((person, state.departs_at) for person, state in world.people.items())
    if rotation is None:
        return (None, unusable, dates)
    return (frozenset(rotation.causes), rotation.due_at, rotation.new_key, unusable, dates)


def after(said: Iterable[Happening]) -> tuple[object, ...]:
    """Return what is left of *said*, all of it within one moment."""
    world = World()
    for happening in said:
        world.take(*event_of(happening, NOW), NOW)
    return essence(world)


@given(st.data(), st.lists(happenings(CAUSING), max_size=8))
def test_order_and_repetition_change_nothing_essential(data: st.DataObject, said: list[Happening]) -> None:
    """B9.3: delivery is at least once and in no order, everywhere."""
    untrusted = [(kind, who, "drop" if source == "control" else source, days) for kind, who, source, days in said]
    repeated = data.draw(st.permutations([*untrusted, *untrusted]))

    assert after(repeated) == after(untrusted)


@given(st.lists(happenings(EventKind), max_size=12))
def test_whoever_is_known_to_go_is_never_asked(said: list[Happening]) -> None:
    """B7.1: departing people and lost roles are skipped."""
    world = World()

    for hours, happening in enumerate(said):
        now = NOW + hours * HOUR
        for decision in world.take(*event_of(happening, now), now):
            actor = decision.actor if isinstance(decision, Rotate | Reassign) else None
            assert actor is None or not world.facts().state_of(actor).is_leaving()


def test_the_small_model_rotates_for_a_service_of_its_own() -> None:
    """B2.6: the model is not empty by mistake."""
    world = World()

    world.take(*event_of((EventKind.ROTATE, "", "control", None), NOW), NOW)

    assert world.rotation is not None
    assert world.rotation.service == a_service().id
