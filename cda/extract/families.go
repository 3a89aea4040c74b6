package extract

// family is a kind of statement. Smaller ones are more specific: a statement that carries templates of several is of the smallest.
type family int

// The families, from the most to the least specific.
const (
	famNone family = iota
	famComment
	famReference
	famAttribute // an element of the statement around: status, severity, certainty, instructions, substitution...
	famMeta      // about the document
	famAdverse
	famAllergy
	famConcern
	famRecommendation
	famImmunization
	famPrescription
	famDispense
	famAdministration
	famTreatment
	famSpecimen
	famIsolate
	famBattery
	famLab
	famResults
	famVitalsOrganizer
	famVital
	famGenetics
	famFamilyHistory
	famDirective
	famCoverage
	famTransfer
	famStudy
	famExposure
	famAttached
	famExternal
	famMedia
	famDevice
	famRequest
	famSocial
	famSurvey
	famGroup
	famProblem
	famEncounter
	famProcedure
	famObservation
)

const (
	fr  = "1.2.250.1.213.1.1.3." // CI-SIS
	pcc = "1.3.6.1.4.1.19376.1.5.3.1.4."
	ccd = "2.16.840.1.113883.10.20.1."
	lab = "1.3.6.1.4.1.19376.1.3.1."
	rx  = "1.3.6.1.4.1.19376.1.9.1.3."
	eye = "1.3.6.1.4.1.19376.1.12.1.3."
)

// families gives the family of each template id (CI-SIS "Modèles de contenus CDA"; IHE PCC, PHARM, XD-LAB, Eye Care, APSR; DICOM PS3.20). It is never written to.
var families = map[string]family{
	fr + "32": famComment, pcc + "2": famComment, ccd + "40": famComment,
	fr + "36": famReference, pcc + "4.1": famReference,
	fr + "29": famAttribute, fr + "30": famAttribute, fr + "31": famAttribute, fr + "171": famAttribute, fr + "172": famAttribute, pcc + "1": famAttribute,
	pcc + "1.1": famAttribute, pcc + "1.2": famAttribute, fr + "33": famAttribute, fr + "34": famAttribute, fr + "207": famAttribute, pcc + "3": famAttribute, pcc + "3.1": famAttribute,
	fr + "48.12": famObservation, fr + "48.13": famObservation, fr + "48.14": famObservation, fr + "48.15": famObservation, fr + "48.34": famObservation, fr + "48.18": famAttribute,
	fr + "82": famAttribute, ccd + "46": famAttribute, fr + "83.1": famAttribute, fr + "86": famAttribute, fr + "87": famAttribute, fr + "206": famAttribute, fr + "90": famAttribute,
	fr + "211": famAttribute, fr + "212": famAttribute, fr + "213": famAttribute, rx + "8": famAttribute, rx + "9.1": famAttribute, rx + "9.2": famAttribute, rx + "11": famAttribute,
	fr + "107": famAttribute, lab + "3": famAttribute, fr + "48.6": famAttribute, fr + "48.7": famAttribute, "1.3.6.1.4.1.19376.1.7.3.1.4.14.2": famAttribute,
	fr + "48.16": famMeta, fr + "48.16.1": famMeta,
	fr + "210": famAdverse,
	fr + "41":  famAllergy, pcc + "6": famAllergy,
	fr + "39": famConcern, fr + "39.1": famConcern, fr + "40": famConcern, pcc + "5.1": famConcern, pcc + "5.2": famConcern, pcc + "5.3": famConcern, ccd + "27": famConcern,
	fr + "47": famRecommendation, pcc + "12.2": famRecommendation,
	fr + "45": famImmunization, pcc + "12": famImmunization,
	fr + "83": famPrescription, rx + "2": famPrescription,
	fr + "204": famDispense, rx + "4": famDispense, fr + "44": famDispense, pcc + "7.3": famDispense,
	fr + "26": famAdministration, fr + "151": famAdministration, fr + "173": famAdministration, "1.2.840.10008.9.13": famAdministration, "1.3.6.1.4.1.19376.1.5.3.1.1.13.3.2": famAdministration,
	fr + "42": famTreatment, pcc + "7": famTreatment, pcc + "7.1": famTreatment, ccd + "24": famTreatment, rx + "6": famTreatment, pcc + "8": famTreatment,
	fr + "77": famSpecimen, lab + "2": famSpecimen, fr + "100": famSpecimen, "1.3.6.1.4.1.19376.1.3.10.4.1": famSpecimen,
	fr + "79": famIsolate, lab + "5": famIsolate,
	fr + "78": famBattery, lab + "4": famBattery,
	fr + "80": famLab, lab + "6": famLab,
	fr + "208": famResults, fr + "209": famLab,
	fr + "49": famVitalsOrganizer, pcc + "13.1": famVitalsOrganizer, ccd + "35": famVitalsOrganizer, ccd + "32": famVitalsOrganizer,
	fr + "50": famVital, pcc + "13.2": famVital,
	fr + "74": famGenetics, fr + "102": famGenetics, fr + "170": famGenetics, "1.3.6.1.4.1.19376.1.8.1.3.6": famGenetics, "1.3.6.1.4.1.19376.1.8.1.4.9": famGenetics,
	fr + "59": famFamilyHistory, pcc + "15": famFamilyHistory, ccd + "23": famFamilyHistory,
	fr + "54": famDirective, pcc + "13.7": famDirective, ccd + "17": famDirective,
	fr + "61": famCoverage, fr + "94": famCoverage, pcc + "17": famCoverage, pcc + "18": famCoverage, ccd + "20": famCoverage, ccd + "26": famCoverage,
	fr + "28": famTransfer, fr + "24": famTransfer, "1.3.6.1.4.1.19376.1.5.3.1.1.25.1.4.1": famTransfer, "1.3.6.1.4.1.19376.1.5.3.1.1.10.4.1": famTransfer,
	fr + "155": famStudy, fr + "156": famStudy, fr + "157": famStudy, "1.2.840.10008.9.16": famStudy, "1.2.840.10008.9.17": famStudy, "1.2.840.10008.9.18": famStudy,
	fr + "165": famExposure,
	fr + "18":  famAttached, fr + "35": famExternal, pcc + "4": famExternal,
	fr + "103": famMedia, "2.16.840.1.113883.10.12.304": famMedia,
	fr + "20": famDevice, ccd + "34": famDevice,
	fr + "27": famRequest, "1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1": famRequest,
	fr + "52": famSocial, pcc + "13.4": famSocial, ccd + "33": famSocial,
	fr + "25": famSurvey, fr + "95": famSurvey, fr + "89": famSurvey, fr + "110": famSurvey, fr + "6": famSurvey, fr + "8": famSurvey, "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6": famSurvey,
	"1.3.6.1.4.1.19376.1.5.3.1.1.12.3.7": famSurvey, "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.1": famSurvey, "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.4": famSurvey,
	fr + "55": famGroup, fr + "56": famGroup, fr + "98": famGroup, fr + "7": famGroup, fr + "115": famGroup, fr + "116": famGroup, fr + "117": famGroup, fr + "118": famGroup,
	pcc + "13.5.1": famGroup, pcc + "13.5.2": famGroup, "1.3.6.1.4.1.19376.1.5.3.1.1.21.3.10": famGroup, eye + "2": famGroup, eye + "3": famGroup, eye + "4": famGroup, eye + "5": famGroup,
	fr + "37": famProblem, pcc + "5": famProblem, ccd + "28": famProblem, fr + "113": famProblem, "1.3.6.1.4.1.19376.1.7.3.1.4.14.1": famProblem,
	fr + "58": famEncounter, pcc + "14": famEncounter, ccd + "21": famEncounter,
	fr + "62": famProcedure, pcc + "19": famProcedure, ccd + "29": famProcedure, fr + "153": famProcedure, "1.2.840.10008.9.14": famProcedure,
	fr + "48": famObservation, pcc + "13": famObservation, fr + "53": famObservation, pcc + "13.5": famObservation, fr + "12": famObservation, fr + "150": famObservation, fr + "154": famObservation,
	fr + "119": famObservation, fr + "120": famObservation, fr + "121": famObservation, fr + "122": famObservation, eye + "6": famObservation, eye + "7": famObservation, eye + "8": famObservation,
	eye + "9": famObservation, "2.16.840.1.113883.10.20.6.2.13": famObservation, "2.16.840.1.113883.10.20.6.2.14": famObservation, fr + "51": famObservation,
}
