import { readFileSync } from 'node:fs';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { AccountsStack } from './accounts/accounts-stack.ts';
import { PartnersStack } from './accounts/partners-stack.ts';
import { partnerGroups } from './accounts/partners-table.ts';
import { CredentialsStack } from './credentials/credentials-stack.ts';
import { ObservabilityStack } from './observability/observability-stack.ts';
import type { StageConfig } from './stage/stage-config.ts';
import { partnersStackName, stackName } from './stage/stage-name.ts';
import { WorkflowStack } from './workflow/workflow-stack.ts';

export interface GatewayAppProps {
  /**
   * Where the cloud assembly goes.
   * @default - what the CDK's command line says, else a temporary folder
   */
  readonly outdir?: string;
  /**
   * CDK context, beside and before that of cdk.json.
   * @default - that of cdk.json alone
   */
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * The CDK app of one stage, with its stacks at hand. `cdk` and the sandbox both make it, so that
 * what runs on one machine is what would be deployed.
 */
export class GatewayApp extends App {
  /** Undefined where the stage's secret and issuer exist already. */
  readonly credentials: CredentialsStack | undefined;
  readonly accounts: AccountsStack;
  /** One for each 100 partners beyond the first 100. */
  readonly partners: readonly PartnersStack[];
  readonly workflow: WorkflowStack;
  readonly observability: ObservabilityStack;

  constructor(config: StageConfig, stage: string, props: GatewayAppProps = {}) {
    super({
      ...(props.outdir === undefined ? {} : { outdir: props.outdir }),
      context: { ...cdkContext(), ...props.context },
      analyticsReporting: false,
    });
    const tags = { application: 'egain-accounts', stage };
    const { account, region } = config.aws;
    const env = { ...(account && { account }), ...(region && { region }) };
    this.credentials = CredentialsStack.isNeeded(config)
      ? new CredentialsStack(this, stackName(stage, 'credentials'), {
          config,
          stage,
          tags,
          env,
          terminationProtection: config.removalPolicy === 'retain',
          description: "eGain accounts: eGain's credentials and the partners' issuer",
        })
      : undefined;
    this.accounts = new AccountsStack(this, stackName(stage), {
      config,
      stage,
      credentials: this.credentials,
      tags,
      env,
      description: "eGain accounts: the functions and the partners' API",
    });
    this.partners = partnerGroups(config)
      .slice(1)
      .map(
        (group) =>
          new PartnersStack(this, partnersStackName(stage, group.number), {
            config,
            stage,
            group,
            api: this.accounts.api,
            tags,
            env,
            description: 'eGain accounts: what more partners may send',
          }),
      );
    this.workflow = new WorkflowStack(this, stackName(stage, 'workflow'), {
      config,
      stage,
      accounts: this.accounts,
      tags,
      env,
      description: 'eGain accounts: the export to S3',
    });
    this.observability = new ObservabilityStack(this, stackName(stage, 'observability'), {
      config,
      stage,
      accounts: this.accounts,
      workflow: this.workflow,
      tags,
      env,
      description: 'eGain accounts: alarms, dashboard and saved log queries',
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
