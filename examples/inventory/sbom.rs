//! The software bill of materials: CycloneDX 1.6, without a time or a random number, so that one build has one.

use serde_json::{Value, json};

use crate::beneath::Part;
use crate::graph::{Crate, Graph};

pub fn of(graph: &Graph) -> String {
    let (roots, others): (Vec<_>, Vec<_>) = graph.crates.iter().partition(|(url, _)| **url == graph.root);
    let others = others.into_iter().map(|(url, item)| component(url, item, "library"));
    let components: Vec<_> = others.chain(graph.beneath.iter().map(part)).collect();
    let mut bom = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": roots.into_iter().map(|(url, item)| component(url, item, "application")).next(),
            "properties": [
                { "name": "firepush:target", "value": graph.target },
                { "name": "firepush:features", "value": graph.features },
            ],
        },
        "components": components,
        "dependencies": dependencies(graph),
    });
    let partly: Vec<_> = graph.beneath.iter().filter(|part| part.is_partly_known).map(|part| &part.id).collect();
    if !partly.is_empty() {
        bom["compositions"] = json!([{ "aggregate": "incomplete", "dependencies": partly }]);
    }
    format!("{bom:#}\n")
}

fn component(url: &str, item: &Crate, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": url,
        "name": item.name,
        "version": item.version,
        "scope": if item.inside { "required" } else { "excluded" },
        "licenses": [{ "expression": item.licence }],
        "purl": url,
    });
    if let Some(checksum) = &item.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

fn part(part: &Part) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": part.id,
        "name": part.name,
        "scope": "required",
        "licenses": [{ "expression": part.licence }],
        "purl": part.url,
    });
    if let Some(version) = &part.version {
        component["version"] = json!(version);
    }
    if let Some(checksum) = &part.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

fn dependencies(graph: &Graph) -> Vec<Value> {
    let of_crates = graph.crates.iter().map(|(url, item)| {
        let mut needs: Vec<_> = item.needs.union(&item.needs_at_build).cloned().collect();
        if *url == graph.root {
            needs.extend(graph.beneath.iter().map(|part| part.id.clone()));
        }
        json!({ "ref": url, "dependsOn": needs })
    });
    let of_parts = graph.beneath.iter().map(|part| json!({ "ref": part.id, "dependsOn": part.needs }));
    of_crates.chain(of_parts).collect()
}
