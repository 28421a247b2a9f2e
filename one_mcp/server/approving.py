"""Approving: how a person learns that something waits for their yes, and where to give it.

The link goes to the person by the client where that can open links, and in the answer everywhere.
Whatever the client says of it approves nothing: only the page does, or a terminal.
"""

from contextlib import suppress
from secrets import token_hex

from mcp.shared.exceptions import NoBackChannelError
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    ElicitRequestURLParams,
    InputRequiredResult,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from one_mcp.money_errors import ApprovalRequiredError
from one_mcp.server import results
from one_mcp.server.caller import Context, identify
from one_mcp.session import Call

ASKED = "approval"  # the name of the request for it, among those of one call


async def ask(
    context: Context, params: CallToolRequestParams, error: ApprovalRequiredError
) -> CallToolResult | InputRequiredResult:
    """Lead a person to the page of the plan that a call is about."""
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
