package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"pai-notify/scripts/notifyctl/manifest"
)

func (a *app) rules() *cobra.Command {
	group := &cobra.Command{Use: "rules", Short: "Rules as files: export, plan, apply, try"}
	group.AddCommand(a.rulesExport(), a.rulesPlan(), a.rulesApply(), a.rulesTry(), a.rulesSchema())
	return group
}

func (a *app) rulesSchema() *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "Print the JSON Schema of the files, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Out.Write(manifest.Schema())
			return err
		}}
}

func (a *app) rulesExport() *cobra.Command {
	var workspaces []string
	var folder string
	var references bool
	c := &cobra.Command{Use: "export", Short: "Write the deployment's rules as YAML, without secrets", Args: cobra.NoArgs,
		Long: "Write the deployment's rules as YAML: to standard output, or with -d as one file a workspace.\n\n" +
			"Secrets stay in the deployment: what is left out of a file is kept when it is applied, and comments say what there is. " +
			"With --references each is written as {env: NAME} instead."}
	c.Flags().StringArrayVarP(&workspaces, "workspace", "w", nil, "a workspace; may be repeated; else all that the key is for")
	c.Flags().StringVarP(&folder, "directory", "d", "", "folder for one file a workspace")
	c.Flags().BoolVar(&references, "references", false, "write each secret as {env: NAME}")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := a.deployment(cmd.Context())
		if err != nil {
			return err
		}
		list, err := a.workspaces(cmd.Context(), d.ClientWithResponses, workspaces)
		if err != nil {
			return err
		}
		for i, workspace := range list {
			text, err := d.export(cmd.Context(), workspace, manifest.Options{References: references})
			switch {
			case err != nil:
				return err
			case folder == "":
				if i > 0 {
					text = append([]byte("---\n"), text...)
				}
				if _, err := a.Out.Write(text); err != nil {
					return err
				}
			default:
				if err := os.MkdirAll(folder, 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(folder, workspace+".yaml"), text, 0o644); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return c
}

func (d *deployment) export(ctx context.Context, workspace string, o manifest.Options) ([]byte, error) {
	stored, err := d.stored(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("workspace %s: %w", workspace, err)
	}
	var list []manifest.Exported
	for _, r := range stored {
		if r.Foreign != nil && *r.Foreign {
			continue
		}
		tree, err := body(r)
		if err != nil {
			return nil, err
		}
		list = append(list, manifest.Exported{Body: tree, Secrets: held(r)})
	}
	return manifest.Write(workspace, list, o)
}

const stdin = "standard input"

// files reads the files that are named, those of the folders that are named, or standard input, named -.
func (a *app) files(names []string) (list []manifest.Source, err error) {
	for _, name := range names {
		if name == "-" {
			text, err := io.ReadAll(a.In)
			if err != nil {
				return nil, fmt.Errorf("read standard input: %w", err)
			}
			list = append(list, manifest.Source{Name: stdin, Text: text})
			continue
		}
		err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path != name && !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
				return err
			}
			text, err := os.ReadFile(path)
			list = append(list, manifest.Source{Name: path, Text: text})
			return err
		})
		if err != nil {
			return nil, useError{err}
		}
	}
	if len(list) == 0 {
		return nil, wrong("no file ends in .yaml or .yml there")
	}
	return list, nil
}

// read makes a plan for files.
func (a *app) read(ctx context.Context, names []string, prune bool) (*deployment, plan, error) {
	sources, err := a.files(names)
	if err != nil {
		return nil, plan{}, err
	}
	set, err := manifest.Read(sources, a.lookup)
	var faults manifest.FaultErrors
	if err != nil && !errors.As(err, &faults) {
		return nil, plan{}, err
	}
	if err != nil {
		return nil, plan{}, a.broken(faults)
	}
	d, err := a.deployment(ctx)
	if err != nil {
		return nil, plan{}, err
	}
	p, err := a.planFor(ctx, d, set, prune)
	if errors.As(err, &faults) {
		err = a.broken(faults)
	}
	return d, p, err
}

// broken tells all faults: as JSON on standard output where a program reads.
func (a *app) broken(faults manifest.FaultErrors) error {
	if a.form != "json" {
		return fmt.Errorf("%s, nothing was changed:\n%w", plural(len(faults), "fault"), faults)
	}
	if err := a.show(map[string]any{"faults": faults}, nil, nil); err != nil {
		return err
	}
	return found{codeWrong}
}

func (a *app) rulesPlan() *cobra.Command {
	var prune, check bool
	c := &cobra.Command{Use: "plan FILE|FOLDER|-...", Short: "Say what apply would change; change nothing", Args: cobra.MinimumNArgs(1)}
	c.Flags().BoolVar(&prune, "prune", false, "delete rules of the files' workspaces that are in no file")
	c.Flags().BoolVar(&check, "check", false, "end with 3 where there are changes")
	c.RunE = func(cmd *cobra.Command, names []string) error {
		_, p, err := a.read(cmd.Context(), names, prune)
		if err != nil {
			return err
		}
		if err := a.print(p); err != nil {
			return err
		}
		if check && !p.empty() {
			return found{codeDiffers}
		}
		return nil
	}
	return c
}

func (a *app) rulesApply() *cobra.Command {
	var prune, yes bool
	var waiting string
	c := &cobra.Command{Use: "apply FILE|FOLDER|-...", Short: "Make the deployment's rules as the files say", Args: cobra.MinimumNArgs(1),
		Long: "Make the deployment's rules as the files say. Applied again, nothing changes. At a terminal it asks first.\n\n" +
			"Rules of the files' workspaces that are in no file stay, unless --prune is given; other workspaces are not looked at."}
	c.Flags().BoolVar(&prune, "prune", false, "delete rules of the files' workspaces that are in no file")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().StringVar(&waiting, "waiting", "", "of rules that are deleted or disabled: keep or cancel what waits")
	c.RunE = func(cmd *cobra.Command, names []string) error {
		if !slices.Contains([]string{"", "keep", "cancel"}, waiting) {
			return wrong("--waiting %q is neither keep nor cancel", waiting)
		}
		d, p, err := a.read(cmd.Context(), names, prune)
		if err != nil {
			return err
		}
		if a.form != "json" || p.empty() {
			if err := a.print(p); err != nil || p.empty() {
				return err
			}
		}
		if !yes {
			if ok, err := a.agreed("Apply this?"); err != nil || !ok {
				return errors.Join(err, a.say("Nothing was changed."))
			}
		}
		done, failed := a.carryOut(cmd.Context(), d, p, waiting)
		if a.form == "json" {
			return errors.Join(a.show(map[string]any{"applied": done}, nil, nil), failed)
		}
		wrong := 0
		for _, one := range done {
			if one.Error != "" {
				wrong++
			}
		}
		told := fmt.Sprintf("%d applied", len(done)-wrong)
		if wrong > 0 {
			told += fmt.Sprintf(", %d failed", wrong)
		}
		return errors.Join(a.say("%s.", told), failed)
	}
	return c
}
