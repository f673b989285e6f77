// SPDX-License-Identifier: Apache-2.0

import Findings

/// The texts that `prgate init` writes.
struct InitTemplates {
  let project: ProjectFacts
  /// What a step of GitHub Actions uses.
  let action: String
  let owner: String?
  let isReportOnly: Bool

  /// The policy.
  var policy: InitFile {
    var text = """
      # The policy of prgate. The gate reads it from the base of a change, so no change can disarm the
      # gate that judges it; what a change does to this file is shown to its reviewers.
      version: 1
      base: origin/\(project.mainBranch)
      gate:
        # A change is not judged while something that it reaches could not be analysed.
        on-incomplete: fail
      paths:
        # Whether to judge files that a program writes (its mark in their first comments, or git's
        # attribute linguist-generated), and copies of other projects (linguist-vendored).
        generated: false
        vendored: false
      # Errors block and warnings warn, unless a line here says otherwise: block, warn or off.

      """
    let rules = isReportOnly ? RuleSet.all.filter { $0.severity == .error }.map(\.id) : []
    text += rules.isEmpty ? "rules: {}\n" : "rules:\n" + rules.map { "  \($0): warn\n" }.joined()
    return InitFile(path: ".prgate.yml", text: text)
  }

  /// The job of a service.
  func job(for service: InitCommand.Service) -> [InitFile] {
    switch service {
    case .github: [InitFile(path: ".github/workflows/prgate.yml", text: gitHub)]
    case .gitlab:
      [InitFile(path: ".gitlab/prgate.yml", text: gitLab)]
        + (project.hasGitLabPipeline
          ? []
          : [InitFile(path: ".gitlab-ci.yml", text: "include:\n  - local: .gitlab/prgate.yml\n")])
    case .azure: [InitFile(path: "azure-pipelines-prgate.yml", text: azure)]
    case .gerrit: [InitFile(path: "ci/prgate-gerrit", text: gerrit, isExecutable: true)]
    }
  }

  /// The lines for CODEOWNERS, where an owner is known and the service reads them.
  func owners(of files: [InitFile], service: InitCommand.Service?) -> InitFile? {
    guard let owner, service != .azure, service != .gerrit else { return nil }
    let place =
      project.ownersFile ?? (service == .gitlab ? ".gitlab/CODEOWNERS" : ".github/CODEOWNERS")
    let guarded = files.map(\.path) + [".prgate-baseline.jsonl", place]
    return InitFile(
      path: place, text: guarded.map { "/\($0) \(owner)\n" }.joined(), isAddition: true)
  }

  /// What is left to do by hand.
  func nextSteps(_ service: InitCommand.Service?) -> String {
    var steps: [String] = []
    switch service {
    case .github:
      if action.hasPrefix("OWNER/") {
        steps.append("name your copy of prgate and a commit of it in place of \(action)")
      }
      steps.append("see that the step 'compilation database' fits the project")
      steps.append("merge, then make the check 'prgate' required in a ruleset of the branch")
    case .gitlab:
      if project.hasGitLabPipeline {
        steps.append("add to .gitlab-ci.yml: include: [{local: .gitlab/prgate.yml}]")
      }
      steps.append("set PRGATE_REPOSITORY and PRGATE_COMMIT in the project's CI/CD variables")
      steps.append("merge, then require pipelines to succeed before a merge")
    case .azure:
      steps.append("set PRGATE_REPOSITORY and PRGATE_COMMIT as variables of a new pipeline")
      steps.append("merge, then require the pipeline in a build policy of the branch")
    case .gerrit:
      steps.append("let your CI call ci/prgate-gerrit for every patch set")
      steps.append("require Verified=MAX and no Verified=MIN for a submit (see the script)")
    case nil: steps.append("for CI: prgate init --ci github, gitlab, azure or gerrit")
    }
    if owner == nil, service == .github || service == .gitlab {
      steps.append("let somebody guard the gate: the same command with --owner @TEAM")
    }
    steps.append("keep what is old from blocking: prgate baseline create")
    return "next:\n" + steps.map { "  - \($0)\n" }.joined()
  }

  private func indented(_ lines: [String], by count: Int) -> String {
    lines.map { String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
  }

  private var installation: String {
    "sudo apt-get update && sudo apt-get install -y " + project.packages.joined(separator: " ")
  }

  /// No `paths:` filter: a required check that never reports blocks for ever, and prgate itself says
  /// within seconds that there is nothing to check.
  private var gitHub: String {
    """
    # Judges every change with prgate. Written by 'prgate init --ci github'.
    name: prgate
    on:
      pull_request:
      merge_group:
      push:
        branches: [\(project.mainBranch)]
    permissions:
      contents: read
    concurrency:
      group: prgate-${{ github.workflow }}-${{ github.ref }}
      cancel-in-progress: ${{ github.event_name == 'pull_request' }}
    jobs:
      prgate:
        name: prgate
        runs-on: ubuntu-24.04
        timeout-minutes: 60
        permissions:
          contents: read
          # For the upload of SARIF; changes from forks do without.
          security-events: write
        steps:
          - uses: actions/checkout@v4
            with:
              # The gate needs the common ancestor.
              fetch-depth: 0
              persist-credentials: false
          - name: compilation database
            run: |
              \(installation)
    \(indented(project.recipe, by: 10))
          # Changes may read what the main branch has kept, and never write it.
          - name: cache
            uses: actions/cache/restore@v4
            with:
              path: ~/.cache/prgate
              key: prgate-${{ github.sha }}
              restore-keys: prgate-
          - name: gate
            id: gate
            uses: \(action)
            with:
              sarif: prgate.sarif
          - name: code scanning
            if: always()
            # Not the gate: a token from a fork may not upload.
            continue-on-error: true
            uses: github/codeql-action/upload-sarif@v3
            with:
              sarif_file: prgate.sarif
              category: prgate
          - name: reports
            if: always()
            uses: actions/upload-artifact@v4
            with:
              name: prgate
              path: |
                prgate.sarif
                prgate.json
              if-no-files-found: ignore
          - name: keep the cache
            if: always() && github.event_name == 'push'
            uses: actions/cache/save@v4
            with:
              path: ~/.cache/prgate
              key: prgate-${{ github.sha }}

    """
  }

  private var gitLab: String {
    """
    # Judges every change with prgate. Written by 'prgate init --ci gitlab'.
    # PRGATE_REPOSITORY and PRGATE_COMMIT come from the project's CI/CD variables.
    prgate:
      image: swift:6.2
      interruptible: true
      rules:
        - if: $CI_PIPELINE_SOURCE == "merge_request_event"
          variables:
            # Changes may read what the main branch has kept, and never write it.
            PRGATE_CACHE: pull
            PRGATE_OPTIONS: --cache-readonly
        - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
          variables:
            PRGATE_CACHE: pull-push
            PRGATE_OPTIONS: ""
      variables:
        # The gate needs the common ancestor.
        GIT_DEPTH: 0
        XDG_CACHE_HOME: $CI_PROJECT_DIR/.prgate-cache
      cache:
        key: prgate
        paths: [.prgate-cache, .prgate-tool/.build]
        policy: $PRGATE_CACHE
      before_script:
        - apt-get update && apt-get install -y git \(project.packages.joined(separator: " "))
        - git init -q .prgate-tool
        - git -C .prgate-tool fetch -q --depth 1 "$PRGATE_REPOSITORY" "$PRGATE_COMMIT"
        - git -C .prgate-tool checkout -q FETCH_HEAD
    \(indented(project.recipe.map { "- " + $0 }, by: 4))
      script:
        # The widget compares with the report of the target branch, so both hold everything.
        - .prgate-tool/prgate check -q $PRGATE_OPTIONS -o gitlab=gl-code-quality-report.json || true
        - .prgate-tool/prgate gate $PRGATE_OPTIONS --base "${CI_MERGE_REQUEST_DIFF_BASE_SHA:-$CI_COMMIT_BEFORE_SHA}"
          -o junit=prgate.xml -o json=prgate.json
      artifacts:
        when: always
        paths: [prgate.json]
        reports:
          codequality: gl-code-quality-report.json
          junit: prgate.xml

    """
  }

  private var azure: String {
    """
    # Judges every change with prgate. Written by 'prgate init --ci azure'.
    # PRGATE_REPOSITORY and PRGATE_COMMIT are variables of the pipeline.
    trigger:
      branches:
        include: [\(project.mainBranch)]
    pr:
      branches:
        include: ['*']
    pool:
      vmImage: ubuntu-24.04
    steps:
      - checkout: self
        # The gate needs the common ancestor.
        fetchDepth: '0'
      - bash: |
          \(installation)
    \(indented(project.recipe, by: 6))
        displayName: compilation database
      - bash: |
          git init -q "$AGENT_TEMPDIRECTORY/prgate"
          cd "$AGENT_TEMPDIRECTORY/prgate"
          git fetch -q --depth 1 "$PRGATE_REPOSITORY" "$PRGATE_COMMIT"
          git checkout -q FETCH_HEAD
        displayName: get prgate
      # A pull request reads what its target has kept; what it keeps itself no other one gets.
      - task: Cache@2
        inputs:
          key: prgate | "$(Build.SourceVersion)"
          restoreKeys: prgate
          path: $(Pipeline.Workspace)/prgate-cache
        displayName: cache
      - bash: |
          cache=(--cache-dir "$PIPELINE_WORKSPACE/prgate-cache")
          if [ "$BUILD_REASON" = PullRequest ]; then cache+=(--cache-readonly); fi
          # The checkout of a pull request is the merge of it into its target.
          "$AGENT_TEMPDIRECTORY/prgate/prgate" gate "${cache[@]}" --base HEAD^1 -f azure \\
            -o sarif="$BUILD_ARTIFACTSTAGINGDIRECTORY/prgate.sarif" \\
            -o junit="$BUILD_ARTIFACTSTAGINGDIRECTORY/prgate.xml" \\
            -o markdown="$BUILD_ARTIFACTSTAGINGDIRECTORY/prgate.md"
        displayName: gate
      - bash: echo "##vso[task.uploadsummary]$BUILD_ARTIFACTSTAGINGDIRECTORY/prgate.md"
        condition: always()
        displayName: summary
      - task: PublishTestResults@2
        condition: always()
        inputs:
          testResultsFormat: JUnit
          testResultsFiles: $(Build.ArtifactStagingDirectory)/prgate.xml
      - task: PublishBuildArtifacts@1
        condition: always()
        inputs:
          PathtoPublish: $(Build.ArtifactStagingDirectory)
          ArtifactName: CodeAnalysisLogs

    """
  }

  private var gerrit: String {
    """
    #!/usr/bin/env bash
    # Judges a patch set with prgate and votes. Written by 'prgate init --ci gerrit'.
    #
    # The CI that starts this script for 'patchset-created' gives, as Gerrit's triggers do:
    #   GERRIT_HOST, GERRIT_PORT, GERRIT_USER   where 'ssh gerrit review' is heard
    #   GERRIT_PATCHSET_REVISION                 the commit, checked out here with its history
    #   GERRIT_BRANCH                            the branch that it is for
    #
    # In project.config of the project, so that nothing is submitted without the vote:
    #   [submit-requirement "Verified"]
    #     submittableIf = label:Verified=MAX AND -label:Verified=MIN
    set -uo pipefail

    \(project.recipe.joined(separator: "\n")) || exit 2

    review=$(mktemp)
    trap 'rm -f "$review"' EXIT
    prgate gate --base "origin/$GERRIT_BRANCH" --head "$GERRIT_PATCHSET_REVISION" \\
      -o gerrit="$review"
    status=$?
    # Without a report (status 2 or 4) there is nothing to say, and without a vote no submit.
    if [[ -s $review ]]; then
      ssh -p "${GERRIT_PORT:-29418}" "$GERRIT_USER@$GERRIT_HOST" \\
        gerrit review --json "$GERRIT_PATCHSET_REVISION" <"$review" || status=2
    fi
    exit "$status"

    """
  }
}
