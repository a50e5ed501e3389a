"""What makes a request right that no schema can say."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """The southern edge of a box is not north of the northern one, and a page goes on only where another has ended."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    query = case.query
    if "bbox" in query:
        south, west, north, east = query["bbox"].split(",")
        if float(south) > float(north):
            query["bbox"] = ",".join([north, west, south, east])
    if "after" in query:
        is_by_address = query.get("sort", "hex") in ("hex", "-hex")
        query["after"] = '["4B1234"]' if is_by_address else '[null,"4B1234"]'
