"""Reading what stands on a wire by the AsyncAPI document alone: which message is it?"""

import json

from jsonschema import Draft7Validator


def is_valid(told, schema, value):
    """Whether the value fits a schema of the document; None is what is not there."""
    if schema is None or value is None:
        return (schema is None) is (value is None)
    return Draft7Validator({"allOf": [schema], "components": told["components"]}).is_valid(value)


def fits(told, key, payload=None, headers=None, opcode=1, *, on_the_wire=False):
    """The names of a channel's messages that it can be; the payload is a value, or still text."""
    return [
        message["name"]
        for message in told["channels"][key]["messages"].values()
        if message.get("x-websocket-opcode", 1) == opcode
        and is_valid(told, message.get("headers"), headers)
        and is_valid(told, message.get("payload"), value_of(message, payload, on_the_wire))
    ]


def resolved(told, schema):
    """What a reference to the document's schemas leads to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return told["components"]["schemas"][name] if name else schema


def reason_in(payload):
    """The reason and status of a goodbye or refusal, in whatever form."""
    if isinstance(payload, str):
        _, word, status = payload.split(" ")
        return word, int(status)
    status = payload["status"] if "status" in payload else payload["code"] - 4000
    return payload.get("reason") or payload["error"], status


def reasons_of(told, message):
    """Those that the document has for a message; none for one that tells of none."""
    schema = resolved(told, message.get("payload", {}))
    return {(each["reason"], each["status"]) for each in schema.get("x-reasons", [])}


def value_of(message, payload, on_the_wire=True):
    """A payload as its message's type makes a value of it; a text that is none stays one."""
    if on_the_wire and payload is not None and message["contentType"] == "application/json":
        try:
            return json.loads(payload)
        except ValueError:
            return payload
    return payload


def parse_block(block):
    """A block of an event stream: all but its data as headers, its data as the payload."""
    headers, data = {}, []
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        else:
            headers[name or "comment"] = int(value) if name == "retry" else value
    return headers, "\n".join(data) if data else None
