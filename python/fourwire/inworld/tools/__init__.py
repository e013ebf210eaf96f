"""Python functions that the agent may call.

tools = inworld.Toolbox()

@tools.tool
async def order_status(number: Annotated[str, "as it stands on the receipt"]) -> str:
    \"\"\"Look up where an order is.\"\"\"
    return await orders.find(number)

async with inworld.connect(api_key=key, tools=tools) as agent:
    await agent.session_update(session)  # tells the agent of them, too
"""

from .called import Silent, ToolCall, ToolError
from .toolbox import Tool, Toolbox

__all__ = ["Silent", "Tool", "ToolCall", "ToolError", "Toolbox"]
