import { Page } from "../components/Page";
import { Tabs } from "../components/Tabs";
import { Freezes } from "./freezes/Freezes";
import { Assignments } from "./policies/Assignments";
import { Blocked } from "./policies/Blocked";
import { Effective } from "./policies/Effective";
import { Groups } from "./policies/Groups";
import { PolicyList } from "./policies/PolicyList";
import { Unassigned } from "./policies/Unassigned";

/** What an organisation lays down for its calls: policies, for whom they hold, screening, freezes. */
export default function Policies() {
  return (
    <Page
      title="Policies"
      lead="What people may dial, what others see of them, which callers are let in, and when nothing may be changed."
    >
      <Tabs
        label="Policies"
        tabs={[
          { name: "policies", label: "Policies", render: () => <PolicyList /> },
          { name: "assignments", label: "Assignments", render: () => <Assignments /> },
          { name: "groups", label: "Groups", render: () => <Groups /> },
          { name: "effective", label: "Which one holds", render: () => <Effective /> },
          { name: "blocked", label: "Blocked numbers", render: () => <Blocked /> },
          { name: "unassigned", label: "Unassigned numbers", render: () => <Unassigned /> },
          { name: "freezes", label: "Change freezes", render: () => <Freezes role="tenant" /> },
        ]}
      />
    </Page>
  );
}
