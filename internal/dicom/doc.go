// Package dicom reads the little of DICOM that sharing a record needs: the Key Object Selection (KOS) that names the studies, series and instances of an examination, which themselves stay where they were made (DICOM PS3.3 C.17.6, PS3.5, PS3.10; IHE
// XDS-I.b).
//
// It reads Part 10 files in implicit or explicit VR little endian. Everything in a file is hostile: sizes are checked against what is there, depth and count are bounded, nothing is kept but what was asked for, and values that are not text of the expected
// kind are left out.
package dicom
