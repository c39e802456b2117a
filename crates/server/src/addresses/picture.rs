use super::known::Known;
use crate::chart::Chart;
use portolan_types::AddressPlan;
pub(super) fn of_server(_: &Known) -> Chart {
    Chart
}
pub(super) fn of_fleet(_: &AddressPlan, _: &[Known]) -> Chart {
    Chart
}
