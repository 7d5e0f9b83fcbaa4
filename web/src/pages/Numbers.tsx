import { Button, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { SettingsRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { Drawer } from "../components/Drawer";
import { NumberWhy } from "./explain/NumberWhy";
import { AssignDialog } from "./numbers/AssignDialog";
import type { PhoneNumber } from "./numbers/columns";
import { MailsDrawer } from "./numbers/MailsDrawer";
import { NumberList } from "./numbers/NumberList";
import { SettingsDrawer } from "./numbers/SettingsDrawer";

/** An organisation's numbers: open one to assign it or to take it back; what is done with them by themselves. */
export default function Numbers() {
  const [open, setOpen] = useState<PhoneNumber>();
  const [why, setWhy] = useState<string>();
  const [aside, setAside] = useState<"settings" | "mails">();
  const [done, setDone] = useState<string>();
  return (
    <>
      <NumberList
        role="tenant"
        lead="Numbers that operators uploaded for you. Open a number to assign it to a user or a call queue."
        empty="No operator has uploaded numbers yet."
        notice={
          done && (
            <MessageBar intent="success">
              <MessageBarBody>{done}</MessageBarBody>
            </MessageBar>
          )
        }
        actions={
          <Button
            icon={<SettingsRegular />}
            onClick={() => {
              setDone(undefined);
              setAside("settings");
            }}
          >
            Settings
          </Button>
        }
        onOpen={(number) => {
          setDone(undefined);
          setOpen(number);
        }}
      />
      {open && (
        <AssignDialog
          number={open}
          onWhy={() => {
            setOpen(undefined);
            setWhy(open.number);
          }}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
      {aside === "settings" && (
        <SettingsDrawer
          onMails={() => setAside("mails")}
          onClose={() => setAside(undefined)}
          onDone={(what) => {
            setAside(undefined);
            setDone(what);
          }}
        />
      )}
      {aside === "mails" && <MailsDrawer onClose={() => setAside(undefined)} />}
      {why && (
        <Drawer title={why} size="large" onClose={() => setWhy(undefined)}>
          <NumberWhy role="tenant" number={why} />
        </Drawer>
      )}
    </>
  );
}
