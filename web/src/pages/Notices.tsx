import { Body1, Button, makeStyles } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ok, useList, type Schemas } from "../api/client";
import { notices } from "../api/lists";
import { useWrite } from "../api/write";
import { Done } from "../components/Done";
import { Drawer } from "../components/Drawer";
import { Text } from "../components/Fields";
import { FormDialog } from "../components/FormDialog";
import { dateTime } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";

type Notice = Schemas["Notice"];

const columns: Column<Notice>[] = [
  { key: "version", header: "Version", width: "72px", numeric: true, render: (row) => row.version },
  { key: "since", header: "In force since", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.published_at) },
  { key: "text", header: "Text", width: "minmax(240px, 4fr)", render: (row) => row.text },
];

const useStyles = makeStyles({ text: { whiteSpace: "pre-wrap", margin: 0 } });

/** The versions of the data transfer notice that every consent accepts. */
export default function Notices() {
  const styles = useStyles();
  const list = useList(notices);
  const [writing, setWriting] = useState(false);
  const [open, setOpen] = useState<Notice>();
  const [done, setDone] = useState<string>();
  const newest = list.rows.reduce<Notice | undefined>(
    (best, row) => (best && best.version > row.version ? best : row),
    undefined,
  );
  return (
    <Page
      title="Notice"
      lead="The data transfer notice, which an organisation accepts when it chooses an operator. A new version asks all of them again; calls go on."
      error={list.error}
      loading={list.isLoading}
      actions={
        <Button
          appearance="primary"
          icon={<AddRegular />}
          onClick={() => {
            setDone(undefined);
            setWriting(true);
          }}
        >
          Write a new version
        </Button>
      }
    >
      <Done>{done}</Done>
      <Grid
        label="Versions of the notice"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => String(row.version)}
        onOpen={setOpen}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="None was written: consents accept the words that Meetpoint comes with."
      />
      {open && (
        <Drawer title={`Version ${open.version}`} onClose={() => setOpen(undefined)}>
          <p className={styles.text}>{open.text}</p>
        </Drawer>
      )}
      {writing && (
        <Write
          from={newest?.text ?? ""}
          onClose={() => setWriting(false)}
          onDone={(notice) => {
            setWriting(false);
            setDone(`Version ${notice.version} is in force. Organisations are asked to accept it.`);
          }}
        />
      )}
    </Page>
  );
}

function Write({ from, onClose, onDone }: { from: string; onClose: () => void; onDone: (notice: Notice) => void }) {
  const [text, setText] = useState(from);
  const write = useWrite(() => ok(api.POST("/programme/v1/notices", { body: { text: text.trim() } })), onDone);
  return (
    <FormDialog
      title="A new version of the notice"
      submit="Put it in force"
      error={write.error}
      busy={write.isPending}
      disabled={text.trim() === "" || text.trim() === from.trim()}
      onSubmit={() => write.mutate()}
      onClose={onClose}
    >
      <Text label="Text" lines={10} required value={text} onChange={setText} />
      <Body1>
        It is in force at once and cannot be taken back. Until an organisation accepts it, calls and numbers go on, and its
        consents can be neither edited nor resumed.
      </Body1>
    </FormDialog>
  );
}
