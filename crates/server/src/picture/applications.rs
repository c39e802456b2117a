//! What Portolan runs on the destinations, each in the place of its containers, and the links between
//! two of them.

use portolan_types::{ApplicationId, ChartLink, ChartLinkKind, ChartNode, ChartNodeKind};

use super::{
    draw::{Drawing, destination_node, link, node, server_node},
    facts::{ApplicationFacts, Facts},
};

pub(super) fn application_node(id: &str) -> String {
    format!("application:{id}")
}

pub(super) fn draw<'a>(drawing: &mut Drawing<'a>, facts: &'a Facts) {
    for one in &facts.applications {
        draw_one(drawing, one);
    }
    for one in &facts.links {
        let ends = [&one.from, &one.to].map(ApplicationId::as_str).map(application_node);
        let [from, to] = ends;
        drawing.link(ChartLink {
            state: Some(one.state.to_string()),
            missing: !one.is_up,
            ..link(from, to, ChartLinkKind::Link)
        });
    }
}

/// What is on a destination that somebody does not see is not drawn for them.
fn draw_one<'a>(drawing: &mut Drawing<'a>, one: &'a ApplicationFacts) {
    let on = destination_node(&one.destination_id);
    if !drawing.has(&on) {
        return;
    }
    let id = application_node(one.id.as_str());
    let kind = match one.database_id {
        Some(_) => ChartNodeKind::Database,
        None => ChartNodeKind::Application,
    };
    drawing.node(ChartNode {
        reason: one.reason.clone(),
        parent: one.server_id.as_ref().map(server_node),
        group: Some(one.place.clone()),
        server_id: one.server_id.clone(),
        application_id: Some(one.id.clone()),
        container: one.container.clone(),
        ..node(id.clone(), kind, &one.name, &one.state)
    });
    // Routes to what was never deployed have its name.
    for name in [Some(one.name.as_str()), one.container.as_deref()].into_iter().flatten() {
        drawing.targets.insert((&one.destination_id, name), id.clone());
    }
    drawing.link(link(on, id, ChartLinkKind::Member));
}
