import { Body1, Button, Checkbox, makeStyles, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { api, ifMatch, ok } from "../../api/client";
import { Problem } from "../../api/problem";
import { useSession } from "../../api/session";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { Drawer } from "../../components/Drawer";
import { Facts } from "../../components/Facts";
import { FieldGroup, Pair, Text } from "../../components/Fields";
import { Part } from "../../components/Page";
import { Refusal } from "../../components/Refusal";
import { beginning, BLOCKS, blockSaid, complete, sent, type Block, type NumberSettings } from "./settings";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXL },
  steps: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
});

interface SettingsDrawerProps {
  /** Asks what became of the mails. */
  onMails: () => void;
  onClose: () => void;
  onDone: (what: string) => void;
}

/** What is done with an organisation's numbers unless an operation says otherwise. */
export function SettingsDrawer({ onMails, onClose, onDone }: SettingsDrawerProps) {
  const styles = useStyles();
  const admin = useSession().data?.admin ?? false;
  const settings = useQuery({
    queryKey: ["tenant", "number-settings"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/number-settings", { signal })),
  });
  const mails = <Button onClick={onMails}>See the mails</Button>;
  return (
    <Drawer title="Settings of numbers" onClose={onClose}>
      <Part error={settings.error} loading={settings.isLoading}>
        {settings.data &&
          (admin ? (
            // Another version is another form: what was typed for the old one is not kept.
            <SettingsForm key={settings.data.version} of={settings.data} mails={mails} onDone={onDone} />
          ) : (
            <>
              <SettingsFacts of={settings.data} />
              <div className={styles.steps}>{mails}</div>
            </>
          ))}
      </Part>
    </Drawer>
  );
}

const yes = (is: boolean) => (is ? "Yes" : "No");

function SettingsFacts({ of }: { of: NumberSettings }) {
  return (
    <Facts
      facts={[
        ["Whoever is given a number gets a mail", yes(of.assignment_email)],
        ["Whoever loses a number gets a mail", yes(of.unassignment_email)],
        ["A number that is taken back is", blockSaid(of)],
        ["Numbers of people who leave are taken back", yes(of.free_numbers_of_leavers)],
      ]}
    />
  );
}

interface SettingsFormProps {
  of: NumberSettings;
  mails: ReactNode;
  onDone: (what: string) => void;
}

function SettingsForm({ of, mails, onDone }: SettingsFormProps) {
  const styles = useStyles();
  const [form, setForm] = useState(() => beginning(of));
  const change = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const save = useWrite(
    () => ok(api.PUT("/tenant/v1/number-settings", { params: { header: ifMatch(of.version) }, body: sent(form) })),
    () => onDone("The settings of numbers are saved."),
  );
  const ofBlock = save.error instanceof Problem && !!save.error.field?.startsWith("/assignment_blocked");
  return (
    <form
      className={styles.form}
      aria-label="Settings of numbers"
      onSubmit={(event) => {
        event.preventDefault();
        if (!save.isPending && complete(form)) save.mutate();
      }}
    >
      <Refusal error={ofBlock ? null : save.error} />
      <FieldGroup legend="Mails to people">
        <Checkbox
          label="Mail people who are given a number"
          checked={form.given}
          onChange={(_, data) => change({ given: data.checked === true })}
        />
        <Checkbox
          label="Mail people who lose a number"
          checked={form.lost}
          onChange={(_, data) => change({ lost: data.checked === true })}
        />
        <Body1>
          They go to the address that your directory has, else to the user principal name. While there is no mail server,
          they wait, for three days at most.
        </Body1>
      </FieldGroup>
      <FieldGroup legend="Numbers that are taken back">
        <Refusal error={ofBlock ? save.error : null} />
        <Pair>
          <Choice
            label="A number that is taken back is"
            value={form.block}
            onChange={(block) => change({ block: block as Block })}
            options={Object.entries(BLOCKS)}
          />
          {form.block === "days" && (
            <Text label="Days, 1 to 365" type="number" required value={form.days} onChange={(days) => change({ days })} />
          )}
        </Pair>
        <Body1>While it is blocked, it is yours and nobody can be given it.</Body1>
      </FieldGroup>
      <FieldGroup legend="People who leave">
        <Checkbox
          label="Take back the numbers of people who are deactivated or removed"
          checked={form.leavers}
          onChange={(_, data) => change({ leavers: data.checked === true })}
        />
        <Body1>Otherwise the numbers stay theirs, and nobody is removed who has one.</Body1>
      </FieldGroup>
      <div className={styles.steps}>
        <Button type="submit" appearance="primary" disabledFocusable={save.isPending || !complete(form)}>
          Save
        </Button>
        {mails}
      </div>
    </form>
  );
}
