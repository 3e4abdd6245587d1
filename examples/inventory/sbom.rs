//! The software bill of materials: CycloneDX 1.6, without a time or a random number, so that one build has one.

use serde_json::{Value, json};

use crate::graph::{Crate, Graph};
use crate::licences;

pub fn of(graph: &Graph) -> String {
    let (roots, others): (Vec<_>, Vec<_>) = graph.crates.iter().partition(|(url, _)| **url == graph.root);
    let others = others.into_iter().map(|(url, item)| component(url, item, "library"));
    let components: Vec<_> = others.chain(licences::beneath(graph).map(|part| part.component())).collect();
    let bom = json!({
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

fn dependencies(graph: &Graph) -> Vec<Value> {
    let beneath: Vec<_> = licences::beneath(graph).map(|part| part.url).collect();
    let of_crates = graph.crates.iter().map(|(url, item)| {
        let mut needs: Vec<_> = item.needs.union(&item.needs_at_build).cloned().collect();
        if *url == graph.root {
            needs.extend(beneath.iter().cloned());
        }
        json!({ "ref": url, "dependsOn": needs })
    });
    of_crates.chain(beneath.iter().map(|url| json!({ "ref": url, "dependsOn": [] }))).collect()
}
