"""Routes as the settings have them: rules, and who answers, refuses or redirects their calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from fourwire.problems import IllegalSetting
from fourwire.routing import Router, Rule
from fourwire.sip.errors import LocalError
from fourwire.sip.refer_to import target_of

__all__ = ["Refusal", "Route", "doubts_of"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that nobody takes, and what its caller is told."""

    status: int
    why: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Route(Rule, frozen=True, kw_only=True):
    """A rule and one of three: the `agent` that answers its calls, the status that refuses them, or
    the address that they are sent on to."""

    name: str = ""
    """What the journal and `fourwire route test` call it."""
    agent: str = ""
    """The agent file that answers; in a file, from the directory of that file."""
    reject: Annotated[int, msgspec.Meta(ge=400, le=699)] | None = None
    """The status that refuses, as 486 or 603."""
    redirect: str = ""
    """The SIP URI that the caller is to call instead (302)."""

    def __post_init__(self) -> None:
        Rule.__post_init__(self)
        if sum(map(bool, (self.agent, self.reject, self.redirect))) != 1:
            raise ValueError("a route has one of agent, reject and redirect")
        if self.redirect:
            self._refuse_bad_redirect()

    def _refuse_bad_redirect(self) -> None:
        try:
            target_of(self.redirect, "any.example")
        except LocalError as error:
            raise IllegalSetting("redirect", str(error)) from None
        if not self.redirect.lower().startswith(("sip:", "sips:")):
            raise IllegalSetting("redirect", "must be a SIP URI, as sip:desk@pbx.example")

    def refusal(self) -> Refusal | None:
        """What callers are told that no agent answers; None where one does."""
        if self.redirect:
            return Refusal(302, f"{self} redirects", {"Contact": f"<{self.redirect}>"})
        return Refusal(self.reject, f"{self} refuses") if self.reject else None

    def __str__(self) -> str:
        return f"route {self.name}" if self.name else f"the route for {self.dialled}"


def doubts_of(routes: Sequence[Route]) -> list[str]:
    """What looks wrong in the order of `routes`, though it can be used."""
    found = Router([(route, route) for route in routes]).unreachable()
    return [
        f"route {late + 1} ({routes[late]}) is never reached: route {early + 1} "
        f"({routes[early]}) takes all of its calls"
        for late, early in found
    ]
