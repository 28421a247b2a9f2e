"""Approving: how a person learns that something waits for their yes, and where to give it.

The link goes to the person by the client where that can open links, and in the answer everywhere.
Whatever the client says of it approves nothing: only the page does, or a terminal. A form of the
client's counts for small amounts alone, where somebody has set one (D-91).
"""

from contextlib import suppress
from secrets import token_hex

from mcp.shared.exceptions import NoBackChannelError
from mcp_types import (
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from one_mcp.dimensions.operations import forms, showing
from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.server import results
from one_mcp.server.caller import Again, Answered, Context, identify
from one_mcp.services import authorizing
from one_mcp.session import Call, Session

ASKED, FORM = "approval", "approval_form"  # the names of the requests for it, among those of a call
YES = "approve"
SCHEMA = {
    "type": "object",
    "properties": {YES: {"type": "boolean", "title": "Approve this", "default": False}},
    "required": [YES],
}


async def ask(
    context: Context, params: CallToolRequestParams, error: ApprovalRequiredError, again: Again
) -> Answered:
    """Lead a person to where they approve; `again` makes the call once more, which asks nobody."""
    plan = str(error.fields["plan"])
    one = identify(context).open(Call("approval"))
    if await _takes_form(context, one, plan):
        said = await _by_form(context, params, one, plan)
        if isinstance(said, InputRequiredResult):
            return said
        if said is not None and said.action == "accept" and (said.content or {}).get(YES) is True:
            await authorizing.accept(one, plan)
            return await again()
    return await _by_link(context, params, error)


async def _takes_form(context: Context, one: Session, plan: str) -> bool:
    declared = context.session.client_capabilities
    asking = declared.elicitation if declared else None
    shows_forms = asking is not None and (asking.form is not None or asking.url is None)
    return shows_forms and await one.read(forms.is_within, plan, one.settings.form_limit)


async def _by_form(
    context: Context, params: CallToolRequestParams, one: Session, plan: str
) -> ElicitResult | InputRequiredResult | None:
    given = (params.input_responses or {}).get(FORM)
    if isinstance(given, ElicitResult):
        return given
    shown = await one.read(showing.one, plan)
    message = f"{showing.plain(shown.headline)} {shown.reality}"
    if context.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
        if params.input_responses:  # they were asked already
            return None
        asked = ElicitRequestFormParams(message=message, requested_schema=SCHEMA)
        return InputRequiredResult(input_requests={FORM: ElicitRequest(params=asked)})
    with suppress(NoBackChannelError):
        return await context.session.elicit_form(message, SCHEMA, context.request_id)
    return None


async def _by_link(
    context: Context, params: CallToolRequestParams, error: ApprovalRequiredError
) -> Answered:
    plan = str(error.fields["plan"])
    door = identify(context).open
    loopback = context.lifespan_context.loopback
    link = await loopback.link(plan, lambda: door(Call("approval page")))
    if link is None:
        return results.failure(error)
    asked = _linked(error, link)
    message = f"An agent asks you to approve {error.fields.get('total') or plan}."
    if not _opens_links(context):
        return results.failure(asked)
    if context.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
        if params.input_responses:  # they were led there already
            return results.failure(asked)
        request = ElicitRequest(params=ElicitRequestURLParams(message=message, url=link))
        return InputRequiredResult(input_requests={ASKED: request})
    with suppress(NoBackChannelError):  # the answer has the link, too
        await context.session.elicit_url(message, link, token_hex(8), context.request_id)
    return results.failure(asked)


def _opens_links(context: Context) -> bool:
    declared = context.session.client_capabilities
    asking = declared.elicitation if declared else None
    return asking is not None and asking.url is not None


def _linked(error: ApprovalRequiredError, link: str) -> ApprovalRequiredError:
    command = error.fields["approve_at"]
    linked = ApprovalRequiredError(
        f"A person has to approve this, on this machine: give them the link {link} (or "
        f"`{command}` for a terminal of their own). It is carried out once they did; the same call "
        "tells how it ended."
    )
    linked.fields = {**error.fields, "approve_at": link, "command": command}
    return linked
