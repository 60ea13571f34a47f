//! `deploy/kubernetes`, read before a cluster does: against the published schemas of Kubernetes and of other projects (`others`), and for
//! what no schema knows, that the parts find each other.
//!
//! Not here: RabbitMQ's resource, which is compared with nothing; and running it.

mod others;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use hgpixel_testkit::find_program;
use serde_json::Value;

use crate::setup;
use crate::shell::{command, output, root, run};

const FOLDERS: [&str; 2] = ["deploy/kubernetes/base", "deploy/kubernetes/example"];

/// The rules of Prometheus as a resource of its operator: made of the files that Prometheus itself reads.
const RULES: &str = "deploy/kubernetes/base/rules.yaml";

/// Keys of Secrets, which docs/kubernetes.md makes.
const SECRETS: [(&str, &str); 4] = [
    ("hgpixel", "store-url"),
    ("hgpixel", "queue-url"),
    ("hgpixel", "cache-url"),
    ("redis", "password"),
];

/// Fails at the first folder that is not accepted, and says all that is wrong with it.
pub(crate) fn check() -> Result<()> {
    ensure!(
        read(RULES)? == rules()?,
        "{RULES} is not what deploy/prometheus says: run `cargo xtask kubernetes-rules`"
    );
    let validator = setup::kubernetes_validate()?;
    let mut documents = Vec::new();
    let mut files = Vec::new();
    for folder in FOLDERS {
        for file in resources(folder)? {
            documents.extend(parse(&read(&file)?).with_context(|| format!("read {file}"))?);
            files.push(file);
        }
    }
    run(command(&validator, &["--strict", "--no-warn", "--quiet"]).args(&files))?;
    others::check(&documents)?;
    fits_together(&documents, "deploy/kubernetes")?;
    let Ok(kubectl) = find_program("kubectl") else {
        eprintln!("NOT CHECKED: what kustomize makes of {FOLDERS:?}, for kubectl is not here");
        return Ok(());
    };
    for folder in FOLDERS {
        let made = output(&mut command(&kubectl, &["kustomize", folder]))?;
        fits_together(&parse(&made)?, folder)?;
        let file = root().join("target/kubernetes.yaml");
        std::fs::write(&file, made).with_context(|| format!("write {}", file.display()))?;
        run(command(&validator, &["--strict", "--no-warn", "--quiet"]).arg(file))?;
    }
    Ok(())
}

/// `cargo xtask kubernetes-rules`
pub(crate) fn write_rules() -> Result<()> {
    std::fs::write(root().join(RULES), rules()?).with_context(|| format!("write {RULES}"))
}

fn rules() -> Result<String> {
    let mut lines = vec!["# Made by `cargo xtask kubernetes-rules` of deploy/prometheus/recording.yml and alerts.yml, and compared by `cargo xtask check`.".to_owned()];
    for name in ["recording", "alerts"] {
        lines.extend(
            [
                "---",
                "apiVersion: monitoring.coreos.com/v1",
                "kind: PrometheusRule",
                "metadata:",
                &format!("  name: hgpixel-{name}"),
                "  labels: {app.kubernetes.io/name: hgpixel}",
                "spec:",
            ]
            .map(str::to_owned),
        );
        let source = read(&format!("deploy/prometheus/{name}.yml"))?;
        let from = source.find("groups:").context("rules begin with groups")?;
        // The balancer is the cluster's there, and not ours to watch.
        let ours = source[from..]
            .lines()
            .filter(|line| line.trim() != "or absent(up{job=\"balancer\"})");
        for line in ours {
            lines.push(format!("  {line}").trim_end().to_owned());
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// The files that a kustomization names; every file beside it has to be one.
fn resources(folder: &str) -> Result<Vec<String>> {
    let kustomization = parse(&read(&format!("{folder}/kustomization.yaml"))?)?;
    let named: Vec<&str> = texts(&kustomization[0]["resources"]).collect();
    for entry in std::fs::read_dir(root().join(folder))? {
        let name = entry?.file_name().display().to_string();
        ensure!(
            name == "kustomization.yaml" || named.contains(&name.as_str()),
            "{folder}/{name} is in no kustomization"
        );
    }
    let files = named.iter().filter(|name| !name.starts_with("../"));
    Ok(files.map(|name| format!("{folder}/{name}")).collect())
}

fn fits_together(documents: &[Value], what: &str) -> Result<()> {
    let wrong = contradictions(documents, &read("docker-compose.yml")?);
    ensure!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
    Ok(())
}

/// What points to nothing.
fn contradictions(documents: &[Value], compose: &str) -> Vec<String> {
    let of = |kind: &str| {
        documents
            .iter()
            .filter(move |one| one["kind"] == *kind)
            .collect::<Vec<_>>()
    };
    let has =
        |kind: &str, name: &Value| of(kind).iter().any(|one| one["metadata"]["name"] == *name);
    let workloads = [of("Deployment"), of("Job")].concat();
    let services = of("Service");
    let pods: Vec<&Value> = workloads
        .iter()
        .map(|one| &one["spec"]["template"])
        .collect();
    let mut wrong = Vec::new();
    let mut must = |holds: bool, one: &Value, what: String| {
        if !holds {
            wrong.push(format!(
                "{} {}: {what}",
                one["kind"], one["metadata"]["name"]
            ));
        }
    };
    for one in &workloads {
        let template = &one["spec"]["template"];
        let selector = &one["spec"]["selector"]["matchLabels"];
        // A Job selects its pods by a label that the cluster makes.
        let is_job = one["kind"] == "Job";
        must(
            is_job || matches(selector, &template["metadata"]["labels"]),
            one,
            "selects other pods".to_owned(),
        );
        for container in list(&template["spec"]["containers"]) {
            let image = container["image"].as_str().unwrap_or_default();
            let is_known =
                compose.contains(&format!("image: {image}\n")) || image.contains("/hgpixel:");
            must(
                is_known,
                one,
                format!("image {image} is not that of docker-compose.yml"),
            );
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let Some(get) = container[probe].get("httpGet") else {
                    continue;
                };
                must(
                    has_port(template, &get["port"]),
                    one,
                    format!("{probe} asks no port of its own"),
                );
                let exists = get["path"] == "/livez" || get["path"] == "/readyz";
                must(exists, one, format!("{probe} asks for {}", get["path"]));
            }
            for source in list(&container["envFrom"]) {
                let name = &source["configMapRef"]["name"];
                must(
                    has("ConfigMap", name),
                    one,
                    format!("there is no ConfigMap {name}"),
                );
            }
            for variable in list(&container["env"]) {
                let secret = &variable["valueFrom"]["secretKeyRef"];
                let is_made = SECRETS
                    .iter()
                    .any(|(name, key)| secret["name"] == *name && secret["key"] == *key);
                must(is_made, one, format!("nobody makes the secret {secret}"));
            }
        }
    }
    for one in &services {
        let selected: Vec<_> = pods
            .iter()
            .filter(|pod| matches(&one["spec"]["selector"], &pod["metadata"]["labels"]))
            .collect();
        must(!selected.is_empty(), one, "selects no pod".to_owned());
        for port in list(&one["spec"]["ports"]) {
            let target = &port["targetPort"];
            must(
                selected.iter().all(|pod| has_port(pod, target)),
                one,
                format!("its pods have no port {target}"),
            );
        }
    }
    for one in [of("PodDisruptionBudget"), of("NetworkPolicy")].concat() {
        let spec = &one["spec"];
        let selector = spec.get("podSelector").unwrap_or(&spec["selector"]);
        let found = pods
            .iter()
            .any(|pod| matches(&selector["matchLabels"], &pod["metadata"]["labels"]));
        must(found, one, "selects no pod".to_owned());
    }
    for one in of("ServiceMonitor") {
        let selector = &one["spec"]["selector"]["matchLabels"];
        // The broker's Service is made by its operator.
        let is_foreign = selector["app.kubernetes.io/name"] == "rabbitmq";
        let found = services.iter().any(|service| {
            let ports = list(&service["spec"]["ports"]);
            matches(selector, &service["metadata"]["labels"])
                && list(&one["spec"]["endpoints"])
                    .iter()
                    .all(|end| ports.iter().any(|port| port["name"] == end["port"]))
        });
        must(
            found || is_foreign,
            one,
            "selects no Service with its port".to_owned(),
        );
    }
    for one in of("Ingress") {
        for rule in list(&one["spec"]["rules"]) {
            for path in list(&rule["http"]["paths"]) {
                let service = &path["backend"]["service"];
                let found = services.iter().any(|one| {
                    one["metadata"]["name"] == service["name"]
                        && list(&one["spec"]["ports"])
                            .iter()
                            .any(|port| port["name"] == service["port"]["name"])
                });
                must(found, one, format!("{} leads nowhere", path["path"]));
            }
        }
    }
    for one in [of("HorizontalPodAutoscaler"), of("ScaledObject")].concat() {
        let target = &one["spec"]["scaleTargetRef"]["name"];
        must(
            has("Deployment", target),
            one,
            format!("there is no Deployment {target}"),
        );
        for trigger in list(&one["spec"]["triggers"]) {
            let name = &trigger["authenticationRef"]["name"];
            must(
                has("TriggerAuthentication", name),
                one,
                format!("there is no TriggerAuthentication {name}"),
            );
        }
    }
    wrong
}

/// Whether `labels` have all of `wanted`, which are some.
fn matches(wanted: &Value, labels: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| {
        !wanted.is_empty()
            && wanted
                .iter()
                .all(|(name, value)| labels.get(name) == Some(value))
    })
}

fn has_port(template: &Value, name: &Value) -> bool {
    let mut containers = list(&template["spec"]["containers"]).iter();
    containers.any(|one| list(&one["ports"]).iter().any(|port| port["name"] == *name))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    list(value).iter().filter_map(Value::as_str)
}

fn parse(text: &str) -> Result<Vec<Value>> {
    match serde_saphyr::from_multiple(text) {
        Ok(documents) => Ok(documents),
        Err(error) => bail!("{error}"),
    }
}

fn read(file: &str) -> Result<String> {
    let path: PathBuf = root().join(file);
    std::fs::read_to_string(path).with_context(|| format!("read {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in the committed files when `from` is `to` in them.
    fn found(from: &str, to: &str) -> Vec<String> {
        let files = FOLDERS.iter().flat_map(|folder| resources(folder).unwrap());
        let texts: Vec<String> = files.map(|file| read(&file).unwrap()).collect();
        let text = texts.join("---\n");
        assert!(text.contains(from), "{from} is not there");
        let documents = parse(&text.replace(from, to)).unwrap();
        contradictions(&documents, &read("docker-compose.yml").unwrap())
    }

    #[test]
    fn the_committed_files_fit_together() {
        assert_eq!(
            found("kind: Deployment", "kind: Deployment"),
            Vec::<String>::new()
        );
        assert_eq!(read(RULES).unwrap(), rules().unwrap());
    }

    #[test]
    fn what_points_to_nothing_is_found() {
        for (from, to) in [
            ("path: /readyz", "path: /ready"),
            (
                "name: private, containerPort",
                "name: metrics, containerPort",
            ),
            ("key: store-url", "key: store"),
            ("{service: {name: query,", "{service: {name: pages,"),
            (
                "configMapRef: {name: hgpixel}",
                "configMapRef: {name: settings}",
            ),
            ("image: redis:8", "image: redis:7"),
            (
                "scaleTargetRef: {name: worker}",
                "scaleTargetRef: {name: workers}",
            ),
            ("targetPort: http", "targetPort: https"),
            (
                "authenticationRef: {name: rabbitmq}",
                "authenticationRef: {name: broker}",
            ),
        ] {
            assert!(!found(from, to).is_empty(), "{to}");
        }
    }
}
