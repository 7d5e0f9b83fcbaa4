import { Button, Field, makeStyles, SearchBox } from "@fluentui/react-components";
import { useDeferredValue, useState } from "react";

import { api, everything, ok, useList } from "../../api/client";
import { mails } from "../../api/lists";
import { useSession } from "../../api/session";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { MAIL_KINDS, MAIL_STATES, named } from "../../components/choices";
import { Done } from "../../components/Done";
import { Drawer } from "../../components/Drawer";
import { ExportButton } from "../../components/ExportButton";
import { Facts } from "../../components/Facts";
import { dateTime } from "../../components/format";
import { Grid } from "../../components/Grid";
import { Part } from "../../components/Page";
import { usePersonName } from "../../components/PersonName";
import { MAIL_ROW_PX, mailColumns, mailCsv, MailState, wholeNumber, type Mail } from "./mails";

const LIVE_MS = 2_000;

const useStyles = makeStyles({
  text: { minWidth: "220px" },
});

/** Mails to people who were given a number or lost one, newest first, kept up to date while they are looked at. */
export function MailsDrawer({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const [state, setState] = useState("");
  const [text, setText] = useState("");
  const number = wholeNumber(useDeferredValue(text));
  const source = mails({ state, number });
  const list = useList(source, { everyMs: LIVE_MS });
  const [opened, setOpened] = useState<Mail>();
  const [failed, setFailed] = useState<unknown>();
  const [done, setDone] = useState<string>();

  if (opened) {
    return (
      <MailDrawer
        // Looked up anew each time, so that the drawer lives on with the mail.
        mail={list.rows.find((mail) => mail.id === opened.id) ?? opened}
        onClose={() => setOpened(undefined)}
        onDone={(what) => {
          setOpened(undefined);
          setDone(what);
        }}
      />
    );
  }
  return (
    <Drawer title="Mails to people" size="large" onClose={onClose}>
      <Part
        error={list.error ?? failed}
        loading={list.isLoading}
        filters={
          <>
            <Field
              label="Number"
              className={styles.text}
              {...(text.trim() !== "" && number === "" && { validationState: "none", validationMessage: "Not yet a whole number" })}
            >
              <SearchBox placeholder="+44 20 7946 0123" value={text} onChange={(_, data) => setText(data.value)} />
            </Field>
            <Choice label="State" any="All" value={state} onChange={setState} options={Object.entries(MAIL_STATES)} />
          </>
        }
        actions={
          <ExportButton file="mails.csv" columns={mailCsv} rows={() => everything(source)} onError={setFailed} />
        }
      >
        <Done>{done}</Done>
        <Grid
          label="Mails to people"
          columns={mailColumns}
          rows={list.rows}
          rowPx={MAIL_ROW_PX}
          rowKey={(row) => row.id}
          onOpen={(row) => {
            setDone(undefined);
            setOpened(row);
          }}
          hasMore={list.hasMore}
          onEndInSight={list.more}
          empty={
            state !== "" || number !== ""
              ? "No mail matches. Take a filter away."
              : "No mail was written in the last 30 days. The settings of numbers say whether any are."
          }
        />
      </Part>
    </Drawer>
  );
}

interface MailDrawerProps {
  mail: Mail;
  onClose: () => void;
  onDone: (what: string) => void;
}

/** All that is known of one mail; one that failed is sent again. */
function MailDrawer({ mail, onClose, onDone }: MailDrawerProps) {
  const admin = useSession().data?.admin ?? false;
  const name = usePersonName(mail.user_id);
  const again = useWrite(
    () => ok(api.POST("/tenant/v1/mails/{mail_id}/resend", { params: { path: { mail_id: mail.id } } })),
    () => onDone(`The mail to ${mail.address} waits to be sent again.`),
  );
  return (
    <Drawer title={`Mail to ${name ?? mail.address}`} error={again.error} onClose={onClose}>
      <Facts
        facts={[
          ["State", <MailState key="state" mail={mail} />],
          ["Address", mail.address],
          ["Number", mail.number],
          ["What it tells", named(MAIL_KINDS, mail.kind)],
          ["Written", dateTime(mail.created_at)],
          ["Attempts", mail.attempts],
          ["Next attempt", mail.attempts > 0 ? dateTime(mail.next_attempt_at) : null],
          [mail.state === "sent" ? "Sent" : "Given up", dateTime(mail.settled_at)],
          ["Why it was not taken", mail.error],
          ["Code", mail.error_code],
          ["Mail", mail.id],
        ]}
      />
      {mail.state === "failed" && admin && (
        <div>
          <Button appearance="primary" disabledFocusable={again.isPending} onClick={() => again.mutate()}>
            Send again
          </Button>
        </div>
      )}
    </Drawer>
  );
}
