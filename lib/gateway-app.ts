import { readFileSync } from 'node:fs';
import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { AccountsStack } from './accounts/accounts-stack.ts';
import { PartnersStack } from './accounts/partners-stack.ts';
import { partnerGroups } from './accounts/partners-table.ts';
import { CredentialsStack } from './credentials/credentials-stack.ts';
import { ObservabilityStack } from './observability/observability-stack.ts';
import type { StageConfig } from './stage/stage-config.ts';
import { stackName } from './stage/stage-name.ts';
import { WorkflowStack } from './workflow/workflow-stack.ts';

/**
 * The CDK app of one stage. `cdk` and the sandbox both make it, so that one machine runs what would
 * be deployed.
 */
export class GatewayApp extends App {
  /** Undefined where the stage's secret and issuer exist already. */
  readonly credentials: CredentialsStack | undefined;
  readonly accounts: AccountsStack;
  readonly workflow: WorkflowStack;
  readonly observability: ObservabilityStack;

  /** @param props `context` overrides cdk.json's, key by key */
  constructor(
    config: StageConfig,
    stage: string,
    props: Pick<AppProps, 'outdir' | 'context'> = {},
  ) {
    super({
      ...props,
      context: { ...cdkContext(), ...props.context },
      analyticsReporting: false,
    });
    const common = { config, stage };
    this.credentials = CredentialsStack.isNeeded(config)
      ? new CredentialsStack(this, stackName(stage, 'credentials'), common)
      : undefined;
    this.accounts = new AccountsStack(this, stackName(stage), {
      ...common,
      credentials: this.credentials,
    });
    for (const group of partnerGroups(config).slice(1)) {
      const name = stackName(stage, `partners-${group.number}`);
      new PartnersStack(this, name, { ...common, group, api: this.accounts.api });
    }
    this.workflow = new WorkflowStack(this, stackName(stage, 'workflow'), {
      ...common,
      accounts: this.accounts,
    });
    this.observability = new ObservabilityStack(this, stackName(stage, 'observability'), {
      ...common,
      accounts: this.accounts,
      workflow: this.workflow,
    });
    Validations.of(this).addPlugins(
      new AwsSolutionsChecks(this),
      new ServerlessChecks(this),
      new NIST80053R5Checks(this),
    );
  }
}

function cdkContext(): Record<string, unknown> {
  const file = readFileSync(new URL('../cdk.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { context: Record<string, unknown> }).context;
}
