package seal

import (
	"fmt"
	"strings"
)

// UnknownKeyError says that a sealed text was made by a key that the set does not hold.
type UnknownKeyError struct {
	KeyID string   // of the key that made it
	Known []string // ids of the keys in the set
}

// Error names both sides.
func (e *UnknownKeyError) Error() string {
	known := strings.Join(e.Known, ", ")
	if known == "" {
		known = "none"
	}
	return fmt.Sprintf("sealed by key %q, which is not in SEAL_KEYS (there: %s)", e.KeyID, known)
}

// Advice says what to do, by language.
func (e *UnknownKeyError) Advice() map[string]string {
	return map[string]string{
		"en": fmt.Sprintf("Append key %q to SEAL_KEYS, where old keys stay until all rules are rewritten; "+
			"if it is lost, save the target again with its secrets.", e.KeyID),
		"zh": fmt.Sprintf("请把密钥 %q 加回 SEAL_KEYS 的末尾(所有规则重写之前须保留旧密钥);"+
			"若密钥已丢失,请重新填写该目标的密钥类设置并保存。", e.KeyID),
	}
}

// BrokenError says that a sealed text does not open where it is: it was moved or changed.
type BrokenError struct {
	KeyID  string // of the key that made it, as far as that can be read
	Reason string
}

// Error gives the reason.
func (e *BrokenError) Error() string { return "sealed text " + e.Reason }

// Advice says what to do, by language.
func (*BrokenError) Advice() map[string]string {
	return map[string]string{
		"en": "Save the target again with its secrets; sealed values cannot be copied between rules, targets or buses.",
		"zh": "请重新填写该目标的密钥类设置并保存;加密后的值不能在规则、目标或总线之间复制。",
	}
}
