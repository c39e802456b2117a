// What a line says without what would steer a terminal, as the server shows it too (`LogLine::plain`):
// colours, titles and places of the cursor go with all that belongs to them.
const SEQUENCES =
  /\u001b\[[^\u0040-\u007e]*[\u0040-\u007e]?|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u009c|\u001b.?)?|\u001b[()*+# ].?|\u001b.?/gsu;
const CSI = /\u009b[^\u0040-\u007e]*[\u0040-\u007e]?/gsu;
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/gu;

export function plain(text) {
  return text.replace(CSI, "").replace(SEQUENCES, "").replace(CONTROLS, "");
}
