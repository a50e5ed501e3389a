"""Makes Kibana's saved objects, flightstream.ndjson, of dashboards.toml: `python3 infra/kibana/build.py`.

`--check` compares instead. References, ids and attributes that Kibana wants are checked either way.
"""

import json
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE / "flightstream.ndjson"
# What an export of Kibana 9 names; an older or newer one migrates from there.
VERSION = {
    "index-pattern": "8.0.0",
    "lens": "8.9.0",
    "map": "8.4.0",
    "dashboard": "10.2.0",
}
OPERATIONS = {"average": "Average", "max": "Maximum", "sum": "Sum", "unique_count": "Unique count"}


def text(value) -> str:
    return json.dumps(value, separators=(",", ":"))


def saved(kind: str, name: str, attributes: dict, references: list) -> dict:
    return {
        "id": name,
        "type": kind,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": VERSION[kind],
        "managed": False,
    }


def reference(view: str, name: str) -> dict:
    return {"type": "index-pattern", "id": view, "name": name}


def data_view(name: str, given: dict) -> dict:
    attributes = {"title": given["title"], "name": given["title"], "timeFieldName": given["time"], "allowNoIndex": True}
    return saved("index-pattern", name, attributes, [])


def filters(names: list, definitions: dict, view: str) -> tuple[list, list]:
    """Filters in Elasticsearch's own language, so that Kibana sends them as they stand here."""
    made, references = [], []
    for number, name in enumerate(names):
        index = f"filter-index-pattern-{number}"
        meta = {"alias": name, "disabled": False, "negate": False, "type": "custom", "key": "query", "index": index}
        made.append({"meta": meta, "query": definitions[name], "$state": {"store": "appState"}})
        references.append(reference(view, index))
    return made, references


def metric_column(panel: dict) -> dict:
    if "metric" not in panel:
        return {
            "label": "Flights",
            "customLabel": True,
            "dataType": "number",
            "operationType": "count",
            "isBucketed": False,
            "scale": "ratio",
            "sourceField": "___records___",
            "params": {"emptyAsNull": False},
        }
    operation, field = panel["metric"]
    return {
        "label": f"{OPERATIONS[operation]} of {field}",
        "dataType": "number",
        "operationType": operation,
        "isBucketed": False,
        "scale": "ratio",
        "sourceField": field,
        "params": {"emptyAsNull": True},
    }


def bucket_columns(panel: dict) -> dict:
    columns = {}
    for number, (field, size) in enumerate(panel.get("by", [])):
        columns[f"by-{number}"] = {
            "label": field,
            "customLabel": True,
            "dataType": "string",
            "operationType": "terms",
            "scale": "ordinal",
            "sourceField": field,
            "isBucketed": True,
            "params": {
                "size": size,
                "orderBy": {"type": "column", "columnId": "metric"},
                "orderDirection": "desc",
                "otherBucket": False,
                "missingBucket": False,
                "parentFormat": {"id": "terms"},
                "include": [],
                "exclude": [],
                "includeIsRegex": False,
                "excludeIsRegex": False,
            },
        }
    if "ranges" in panel:
        field, first, last, step = panel["ranges"]
        ranges = [{"from": at, "to": at + step, "label": f"{at}–{at + step}"} for at in range(first, last, step)]
        columns["by-0"] = {
            "label": field,
            "customLabel": True,
            "dataType": "string",
            "operationType": "range",
            "scale": "ordinal",
            "sourceField": field,
            "isBucketed": True,
            "params": {"type": "range", "ranges": ranges, "maxBars": "auto"},
        }
    if "time" in panel:
        columns["by-0"] = {
            "label": "Time",
            "customLabel": True,
            "dataType": "date",
            "operationType": "date_histogram",
            "scale": "interval",
            "sourceField": panel["time-field"],
            "isBucketed": True,
            "params": {"interval": panel["time"], "includeEmptyRows": True, "dropPartials": False},
        }
    return columns


def visualization(panel: dict, buckets: list) -> tuple[str, dict]:
    kind = panel["kind"]
    if kind == "gauge":
        return "lnsGauge", {
            "layerId": "layer",
            "layerType": "data",
            "shape": "semiCircle",
            "metricAccessor": "metric",
            "ticksPosition": "auto",
            "labelMajorMode": "custom",
            "labelMajor": panel["title"],
        }
    if kind == "treemap":
        layer = {
            "layerId": "layer",
            "layerType": "data",
            "primaryGroups": buckets,
            "metrics": ["metric"],
            "numberDisplay": "value",
            "categoryDisplay": "default",
            "legendDisplay": "default",
            "nestedLegend": False,
        }
        return "lnsPie", {"shape": "treemap", "layers": [layer]}
    series = {"bar": "bar_horizontal", "stacked": "bar_horizontal_stacked", "line": "line"}[kind]
    if "ranges" in panel:
        series = "bar"
    layer = {
        "layerId": "layer",
        "layerType": "data",
        "seriesType": series,
        "position": "top",
        "showGridlines": False,
        "xAccessor": buckets[0],
        "accessors": ["metric"],
    }
    if len(buckets) > 1:
        layer["splitAccessor"] = buckets[1]
    return "lnsXY", {
        "legend": {"isVisible": len(buckets) > 1, "position": "right"},
        "preferredSeriesType": series,
        "valueLabels": "hide",
        "layers": [layer],
    }


def lens(panel: dict, view: str, time_field: str, definitions: dict) -> dict:
    panel = {**panel, "time-field": time_field}
    buckets = bucket_columns(panel)
    columns = {**buckets, "metric": metric_column(panel)}
    kind, shown = visualization(panel, list(buckets))
    made, references = filters(panel.get("filters", []), definitions, view)
    attributes = {
        "title": panel["title"],
        "description": "",
        "visualizationType": kind,
        "state": {
            "visualization": shown,
            "query": {"query": "", "language": "kuery"},
            "filters": made,
            "datasourceStates": {
                "formBased": {"layers": {"layer": {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}}}}
            },
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }
    references = [reference(view, "indexpattern-datasource-layer-layer"), *references]
    return saved("lens", panel["id"], attributes, references)


def colour(field: str) -> dict:
    options = {
        "color": "Yellow to Red",
        "colorCategory": "palette_0",
        "field": {"name": field, "origin": "source"},
        "fieldMetaOptions": {"isEnabled": True, "sigma": 3},
        "type": "ORDINAL",
        "useCustomColorRamp": False,
    }
    return {"type": "DYNAMIC", "options": options}


def fixed(**options) -> dict:
    return {"type": "STATIC", "options": options}


def map_layer(layer: dict, number: int, definitions: dict) -> dict:
    kind = layer["style"]
    common = {"geoField": layer["field"], "applyGlobalQuery": True, "applyGlobalTime": True, "applyForceRefresh": True}
    source = {"id": f"source-{layer['id']}", "indexPatternRefName": f"layer_{number}_source_index_pattern", **common}
    if kind in ("heat", "counts"):
        source |= {
            "type": "ES_GEO_GRID",
            "requestType": "heatmap" if kind == "heat" else "point",
            "resolution": "COARSE",
            "metrics": [{"type": "count"}],
        }
    else:
        fields = ["flight_iata", "reg_number", "aircraft_icao", "Departure", "Arrival", "alt", "speed"]
        source |= {
            "type": "ES_SEARCH",
            "scalingType": "LIMIT",
            "filterByMapBounds": True,
            "tooltipProperties": fields,
            "sortField": "",
            "sortOrder": "desc",
            "topHitsGroupByTimeseries": False,
            "topHitsSplitField": "",
            "topHitsSize": 1,
        }
    made = {
        "id": layer["id"],
        "label": layer["title"],
        "sourceDescriptor": source,
        "visible": True,
        "minZoom": 0,
        "maxZoom": 24,
        "alpha": 0.75,
        "includeInFitToBounds": True,
        "joins": [],
    }
    if "filters" in layer:
        # A layer has one query in Kibana's language only; these are of its simplest form.
        made["query"] = {"language": "kuery", "query": " and ".join(kuery(definitions[name]) for name in layer["filters"])}
    if kind == "heat":
        return {**made, "type": "HEATMAP", "style": {"type": "HEATMAP", "colorRampName": "theclassic"}}
    style = {
        "icon": fixed(value="airport"),
        "fillColor": fixed(color="#54B399"),
        "lineColor": fixed(color="#41937c"),
        "lineWidth": fixed(size=1),
        "iconSize": fixed(size=6),
        "iconOrientation": fixed(orientation=0),
        "symbolizeAs": {"options": {"value": "circle"}},
    }
    if kind == "counts":
        style["iconSize"] = {
            "type": "DYNAMIC",
            "options": {
                "minSize": 7,
                "maxSize": 32,
                "field": {"name": "doc_count", "origin": "source"},
                "fieldMetaOptions": {"isEnabled": True, "sigma": 3},
            },
        }
        style["labelText"] = {"type": "DYNAMIC", "options": {"field": {"name": "doc_count", "origin": "source"}}}
    if "colour" in layer:
        style["fillColor"] = colour(layer["colour"])
    if kind == "planes":
        heading = {"field": {"name": layer["heading"], "origin": "source"}, "fieldMetaOptions": {"isEnabled": True, "sigma": 3}}
        style["iconOrientation"] = {"type": "DYNAMIC", "options": heading}
        style["symbolizeAs"] = {"options": {"value": "icon"}}
        style["iconSize"] = fixed(size=10)
    return {**made, "type": "GEOJSON_VECTOR", "style": {"type": "VECTOR", "properties": style, "isTimeAware": True}}


def kuery(query: dict) -> str:
    (operation, body), = query.items()
    if operation == "exists":
        return f"{body['field']}: *"
    (field, value), = body.items()
    return f"{field}: {json.dumps(value)}"


def basemap() -> dict:
    source = {"type": "EMS_TMS", "isAutoSelect": True, "lightModeDefault": "road_map_desaturated"}
    return {
        "id": "basemap",
        "label": "",
        "sourceDescriptor": source,
        "style": {"type": "EMS_VECTOR_TILE", "color": ""},
        "type": "EMS_VECTOR_TILE",
        "visible": True,
        "minZoom": 0,
        "maxZoom": 24,
        "alpha": 1,
        "includeInFitToBounds": True,
    }


def map_object(panel: dict, view: str, definitions: dict) -> dict:
    layers = [basemap(), *(map_layer(layer, number, definitions) for number, layer in enumerate(panel["layers"], 1))]
    state = {
        "zoom": 1.5,
        "center": {"lon": 10, "lat": 30},
        "adHocDataViews": [],
        "timeFilters": {"from": "now-15m", "to": "now"},
        "refreshConfig": {"isPaused": False, "interval": 10000},
        "query": {"query": "", "language": "kuery"},
        "filters": [],
        "settings": {"autoFitToDataBounds": False, "hideToolbarOverlay": False, "initialLocation": "LAST_SAVED_LOCATION"},
    }
    attributes = {
        "title": panel["title"],
        "description": "",
        "layerListJSON": text(layers),
        "mapStateJSON": text(state),
        "uiStateJSON": text({"isLayerTOCOpen": True, "openTOCDetails": []}),
    }
    references = [reference(view, f"layer_{number}_source_index_pattern") for number in range(1, len(layers))]
    return saved("map", panel["id"], attributes, references)


def dashboard(given: dict) -> dict:
    panels, references = [], []
    for number, panel in enumerate(given["panel"]):
        index = f"panel-{number}"
        x, y, width, height = panel["at"]
        kind = "map" if panel["kind"] == "map" else "lens"
        panels.append({
            "type": kind,
            "panelIndex": index,
            "panelRefName": f"panel_{index}",
            "gridData": {"x": x, "y": y, "w": width, "h": height, "i": index},
            "embeddableConfig": {"enhancements": {}, "hidePanelTitles": False},
        })
        references.append({"type": kind, "id": panel["id"], "name": f"{index}:panel_{index}"})
    controls = {}
    for number, control in enumerate(given.get("control", [])):
        name = f"control-{number}"
        controls[name] = {
            "order": number,
            "width": "medium",
            "grow": True,
            "type": "optionsListControl",
            "explicitInput": {
                "id": name,
                "fieldName": control["field"],
                "title": control["title"],
                "searchTechnique": "prefix",
                "selectedOptions": [],
                "sort": {"by": "_count", "direction": "desc"},
                "enhancements": {},
            },
        }
        references.append(reference(given["data-view"], f"controlGroup_{name}:optionsListDataView"))
    attributes = {
        "title": given["title"],
        "description": given["description"],
        "panelsJSON": text(panels),
        "optionsJSON": text({"useMargins": True, "syncColors": True, "syncCursor": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": given["from"],
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": given["refresh"] * 1000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": text({"query": {"query": "", "language": "kuery"}, "filter": []})},
        "version": 1,
    }
    if controls:
        ignored = {"ignoreFilters": False, "ignoreQuery": False, "ignoreTimerange": False, "ignoreValidations": False}
        attributes["controlGroupInput"] = {
            "chainingSystem": "HIERARCHICAL",
            "controlStyle": "oneLine",
            "showApplySelections": False,
            "ignoreParentSettingsJSON": text(ignored),
            "panelsJSON": text(controls),
        }
    return saved("dashboard", given["id"], attributes, references)


def build(source: dict) -> list:
    views, definitions = source["data-views"], source["filters"]
    objects = [data_view(name, given) for name, given in views.items()]
    for given in source["dashboard"]:
        for panel in given["panel"]:
            view = panel.get("data-view", given["data-view"])
            if panel["kind"] == "map":
                objects.append(map_object(panel, view, definitions))
            else:
                objects.append(lens(panel, view, views[view]["time"], definitions))
        objects.append(dashboard(given))
    return objects


def names_of_references(found: dict) -> set:
    """The names that an object's attributes refer by."""
    attributes = found["attributes"]
    if found["type"] == "map":
        layers = json.loads(attributes["layerListJSON"])
        named = (layer["sourceDescriptor"].get("indexPatternRefName") for layer in layers)
        return {name for name in named if name}
    if found["type"] == "lens":
        layers = attributes["state"]["datasourceStates"]["formBased"]["layers"]
        filters = (made["meta"]["index"] for made in attributes["state"]["filters"])
        return {f"indexpattern-datasource-layer-{layer}" for layer in layers} | set(filters)
    if found["type"] == "dashboard":
        panels = json.loads(attributes["panelsJSON"])
        controls = json.loads(attributes.get("controlGroupInput", {}).get("panelsJSON", "{}"))
        named = {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels}
        return named | {f"controlGroup_{control}:optionsListDataView" for control in controls}
    return set()


def problems(objects: list) -> list:
    found, there = [], {(made["type"], made["id"]) for made in objects}
    if len(there) != len(objects):
        found.append("two objects have one id")
    for made in objects:
        where = f"{made['type']} {made['id']}"
        if not made["attributes"].get("title"):
            found.append(f"{where} has no title")
        named = {reference["name"] for reference in made["references"]}
        if named != names_of_references(made):
            found.append(f"{where}: its references are {sorted(named)}, its attributes name {sorted(names_of_references(made))}")
        for reference in made["references"]:
            if (reference["type"], reference["id"]) not in there:
                found.append(f"{where} refers to {reference['type']} {reference['id']}, which is not there")
        if made["type"] == "dashboard":
            taken = [(x, y) for panel in json.loads(made["attributes"]["panelsJSON"]) for x, y in cells(panel["gridData"])]
            if len(set(taken)) != len(taken) or any(x >= 48 for x, _ in taken):
                found.append(f"{where}: panels lie on each other or beyond the edge")
    return found


def cells(at: dict) -> list:
    return [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]


def main() -> int:
    objects = build(tomllib.loads((HERE / "dashboards.toml").read_text(encoding="utf-8")))
    wrong = problems(objects)
    built = "".join(json.dumps(made, sort_keys=True, ensure_ascii=False) + "\n" for made in objects)
    if "--check" in sys.argv:
        if not BUILT.exists() or BUILT.read_text(encoding="utf-8") != built:
            wrong.append(f"{BUILT.name} is not what build.py makes; run it")
    elif not wrong:
        BUILT.write_text(built, encoding="utf-8")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
