//! Things as the API shows them.

use portolan_types::Timestamp;
use serde_json::{Value, json};

pub(crate) const ID: &str = "tz4a98xxat96iws9zmbrgj3a";
pub(crate) const OTHER_ID: &str = "uz4a98xxat96iws9zmbrgj3b";
pub(crate) const OPERATION: &str = "oz4a98xxat96iws9zmbrgj3c";
pub(crate) const FINGERPRINT: &str = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM";

/// So many days ago, whenever the test runs.
pub(crate) fn days_ago(days: i64) -> Value {
    json!(Timestamp::now().plus_seconds(-86_400 * days - 60))
}

pub(crate) fn key(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "algorithm": "ed25519",
        "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI portolan", "fingerprint": FINGERPRINT,
        "servers": 2, "created_at": days_ago(3),
    })
}

pub(crate) fn server(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "description": "",
        "connection": {
            "type": "ssh", "host": "10.88.0.11", "port": 22, "user": "root", "key_id": OTHER_ID,
        },
        "kind": "standalone", "swarm": null, "build_server": false, "state": "ready", "reason": null, "terminal": "on",
        "reachability": "reachable", "last_contact_at": days_ago(0),
        "last_contact_age_seconds": 3,
        "host_key": {
            "algorithm": "ssh-ed25519", "fingerprint": FINGERPRINT,
            "public_key": "ssh-ed25519 AAAA", "pinned_at": days_ago(3),
        },
        "access": "stream-forwarding",
        "engine": {
            "engine_id": "e", "hostname": "web-1", "version": "28.5.1", "api_version": "1.51",
            "operating_system": "Debian GNU/Linux 13", "architecture": "x86_64",
            "kernel": "6.12.0", "cpus": 4, "memory_bytes": 8_589_934_592_u64,
            "disk_total_bytes": 107_374_182_400_u64, "disk_free_bytes": 53_687_091_200_u64,
            "pools": [], "warnings": ["the clock is 3 s ahead"],
        },
        "operation_id": OPERATION, "created_at": days_ago(3), "updated_at": days_ago(3),
    })
}

pub(crate) fn destination(id: &str, name: &str, network: &str) -> Value {
    json!({
        "id": id, "server_id": OTHER_ID, "server_name": "web-1", "name": name, "network": network,
        "kind": "standalone", "origin": "created", "state": "ready", "reason": null,
        "options": { "ipv6": false, "internal": false, "labels": { "team": "shop" } },
        "planned": {}, "revision": 1, "cluster_id": null,
        "observed": {
            "docker_id": "4b5c", "driver": "bridge", "subnets": ["172.18.0.0/16"],
            "gateways": ["172.18.0.1"], "inspected_at": days_ago(1),
        },
        "operation_id": OPERATION, "created_at": days_ago(3), "updated_at": days_ago(3),
    })
}

pub(crate) fn project(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "description": "sells things", "environments": 2,
        "created_at": days_ago(3),
    })
}

pub(crate) fn preview() -> Value {
    json!({
        "version": "5f2b0c9a4e1d7788", "as_of": days_ago(0), "allowed": true,
        "steps": ["disconnect container `web`", "remove network `shop` from server `web-1`"],
        "affected": [{
            "kind": "container", "id": "0af", "name": "web", "state": "running",
            "effect": "is disconnected",
        }],
        "dark_routes": [{ "rule": "Host(`shop.example.com`)", "container": "web" }],
        "refusals": [],
    })
}

pub(crate) fn token(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "abilities": ["read", "write"], "email": "owner@example.com",
        "expires_at": Timestamp::now().plus_seconds(86_400 * 30 + 60),
        "last_used_at": null, "created_at": days_ago(3),
    })
}

pub(crate) fn session() -> Value {
    json!({
        "user": { "id": ID, "email": "owner@example.com" },
        "team": { "id": ID, "name": "Default team" },
        "role": "owner", "sees": "team", "token": token(ID, "laptop"),
    })
}

/// A validation with the steps given.
pub(crate) fn operation(state: &str, steps: &[Value]) -> Value {
    let over = matches!(state, "succeeded" | "failed");
    json!({
        "id": OPERATION, "kind": "validate-server",
        "subject": { "type": "server", "id": ID }, "subject_name": "web-1", "state": state,
        "failure": null, "steps": steps, "created_at": "2026-01-31T12:00:00.000Z",
        "started_at": "2026-01-31T12:00:00.000Z",
        "finished_at": over.then_some("2026-01-31T12:00:01.250Z"),
    })
}

pub(crate) fn step(name: &str, state: &str, detail: &str) -> Value {
    json!({
        "name": name, "state": state, "detail": detail, "remedy": null,
        "started_at": "2026-01-31T12:00:00.000Z",
        "finished_at": (state != "running").then_some("2026-01-31T12:00:00.003Z"),
    })
}

pub(crate) fn address_plan() -> Value {
    json!({
        "pools": [{ "base": "10.64.0.0/12", "size": 24 }],
        "reserved": [{ "cidr": "10.8.0.0/16", "note": "vpn" }],
        "across_fleet": false, "ula": "fd12:3456:789a::/48",
    })
}

/// How many subnets a server has left.
pub(crate) fn server_subnets() -> Value {
    json!({
        "server_id": ID, "server_name": "web-1", "own_pools": true, "seen_at": days_ago(0),
        "ipv4": { "total": 4, "used": 4, "free": 0, "next": null },
        "ipv6": { "total": 65_536, "used": 1, "free": 65_535, "next": "fd12:3456:789a:1::/64" },
        "warnings": ["4 of 4 IPv4 subnets are in use, 0 are left"],
    })
}

pub(crate) fn server_addresses() -> Value {
    let mut shown = server_subnets();
    shown["pools"] = json!([{
        "pool": { "base": "10.99.0.0/24", "size": 26 }, "total": 4, "used": 4, "free": 0,
        "next": null,
    }]);
    let counts = |subnet: &str, capacity: u32| {
        json!({
            "subnet": subnet, "capacity": capacity, "used": 4, "containers": 3, "gateways": 1,
            "endpoints": 0,
        })
    };
    shown["networks"] = json!([
        {
            "network": "shop", "destination": { "id": ID, "name": "the shop", "network": "shop" },
            "subnets": [counts("10.99.0.0/26", 62), counts("fd12:3456:789a::/64", u32::MAX)],
        },
        {
            "network": "evil\u{1b}[31m", "destination": null,
            "subnets": [counts("172.18.0.0/16", 65_534)],
        },
    ]);
    shown["ranges"] = json!([{
        "range": "10.8.0.0/16", "kind": "reserved", "by": "the reserved range `vpn`",
    }]);
    shown
}

pub(crate) fn application(id: &str, environment: &str, name: &str) -> Value {
    json!({
        "id": id, "project_id": OTHER_ID, "project_name": "store", "environment_id": OTHER_ID,
        "environment_name": environment, "destination_id": OTHER_ID, "destination_name": "shop",
        "destination_kind": "standalone",
        "server_id": OTHER_ID, "server_name": "web-1", "name": name, "changed": true,
        "state": "unhealthy", "reason": "its health check fails", "container": "shop-tz4a98-3",
        "deployment_id": OTHER_ID, "operation_id": OPERATION,
        "spec": {
            "image": "ghcr.io/example/shop:1.4", "command": ["serve", "--title", "the shop"],
            "port": 8080, "aliases": ["api"],
            "published": [{ "host": 53, "container": 5353, "transport": "udp", "address": "::1" }],
            "mounts": [
                { "source": { "volume": "data" }, "target": "/data" },
                { "source": { "bind": "/srv/shop" }, "target": "/srv", "read_only": true },
            ],
            "tmpfs": [{ "target": "/tmp", "size_bytes": 67_108_864, "mode": "1777" }],
            "process": { "user": "1000", "read_only": true, "drop_capabilities": ["NET_RAW"] },
            "limits": { "memory_bytes": 536_870_912, "millicpus": 500 },
            "health": { "command": ["check"], "retries": 5 },
            "labels": { "team": "shop" }, "drain_seconds": 30,
        },
        "created_at": days_ago(3), "updated_at": days_ago(1),
    })
}

pub(crate) fn environment(id: &str, project: &str, name: &str) -> Value {
    json!({
        "id": id, "project_id": ID, "project_name": project, "name": name,
        "created_at": days_ago(2),
    })
}

/// A route to the application of this id.
pub(crate) fn route_to(application: &str, host: &str) -> Value {
    json!({
        "id": ID, "destination_id": OTHER_ID, "destination_name": "shop", "network": "shop",
        "server_id": OTHER_ID, "server_name": "web-1", "host": host, "path": "/",
        "target": "shop-tz4a98-3", "port": 8080, "application_id": application, "user": null,
        "state": "live", "reason": null, "options": {}, "created_at": days_ago(2),
        "updated_at": days_ago(2),
    })
}

pub(crate) fn database(id: &str, environment: &str, name: &str) -> Value {
    json!({
        "id": id, "project_id": OTHER_ID, "project_name": "store", "environment_id": OTHER_ID,
        "environment_name": environment, "destination_id": OTHER_ID, "destination_name": "shop",
        "server_id": OTHER_ID, "server_name": "web-1", "name": name, "engine": "postgres",
        "title": "PostgreSQL", "version": "17", "image": "postgres:17",
        "url": format!("postgresql://app@{name}:5432/app"), "port": 5432, "user": "app",
        "database": "app",
        "config": {
            "settings": { "max_connections": "200" }, "limits": { "memory_bytes": 268_435_456 },
            "public": { "port": 15432, "address": "127.0.0.1" },
        },
        "used_by": [{
            "application_id": OTHER_ID, "application_name": "shop", "variable": "DATABASE_URL",
            "part": "url",
        }],
        "changed": true, "state": "running", "reason": null, "container": "orders-tz4a98-1",
        "deployment_id": OTHER_ID, "operation_id": OPERATION, "created_at": days_ago(3),
        "updated_at": days_ago(1),
    })
}
